import type { KeyWrapper } from '../key-wrapper.ts';

/** Two clients of one wrapping key, and one of another key. */
interface Wrappers {
  readonly wrapper: KeyWrapper;
  readonly again: KeyWrapper;
  readonly stranger: KeyWrapper;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const AAD = bytes('data key 1');
const DATA_KEY = Uint8Array.from({ length: 32 }, (_, n) => 7 * n);

const hex = (content: Uint8Array | undefined): string | undefined =>
  content === undefined ? undefined : Buffer.from(content).toString('hex');

/** The suite that whatever wraps data keys must pass. */
export function keyWrapperContract(platform: string, open: () => Promise<Wrappers>): void {
  describe(`${platform} as a key wrapper`, () => {
    describeWrapping(open);
    describeRefusals(open);
  });
}

function describeWrapping(open: () => Promise<Wrappers>): void {
  it('gives a data key back to every client of the wrapping key', async () => {
    const { wrapper, again } = await open();
    const wrapped = await wrapper.wrap(DATA_KEY, AAD);
    expect(hex(await wrapper.unwrap(wrapped, AAD))).toBe(hex(DATA_KEY));
    expect(hex(await again.unwrap(wrapped, AAD))).toBe(hex(DATA_KEY));
  });

  it('gives back a data key that is bound to nothing', async () => {
    const { wrapper } = await open();
    const wrapped = await wrapper.wrap(DATA_KEY, new Uint8Array());
    expect(hex(await wrapper.unwrap(wrapped, new Uint8Array()))).toBe(hex(DATA_KEY));
  });

  it('keeps the data keys of two clients apart that wrap a first time at once', async () => {
    const { wrapper, again } = await open();
    const [one, two] = await Promise.all([
      wrapper.wrap(DATA_KEY, bytes('one')),
      again.wrap(bytes('another data key'), bytes('two')),
    ]);
    expect(hex(await again.unwrap(one, bytes('one')))).toBe(hex(DATA_KEY));
    expect(hex(await wrapper.unwrap(two, bytes('two')))).toBe(hex(bytes('another data key')));
  });

  it('never wraps a data key to the same bytes twice, nor shows it', async () => {
    const { wrapper } = await open();
    const one = await wrapper.wrap(DATA_KEY, AAD);
    expect(hex(await wrapper.wrap(DATA_KEY, AAD))).not.toBe(hex(one));
    expect(hex(one)).not.toContain(hex(DATA_KEY.subarray(0, 8)));
  });

  it('leaves what it was given unchanged', async () => {
    const { wrapper } = await open();
    const [dataKey, aad] = [DATA_KEY.slice(), AAD.slice()];
    const wrapped = await wrapper.wrap(dataKey, aad);
    const before = hex(wrapped);
    await wrapper.unwrap(wrapped, aad);
    expect([hex(dataKey), hex(aad), hex(wrapped)]).toEqual([hex(DATA_KEY), hex(AAD), before]);
  });
}

function describeRefusals(open: () => Promise<Wrappers>): void {
  it.each(['', 'data key 2', 'data key', 'data key 11'])(
    'does not unwrap for what it is not bound to: %j',
    async (other) => {
      const { wrapper } = await open();
      const wrapped = await wrapper.wrap(DATA_KEY, AAD);
      expect(await wrapper.unwrap(wrapped, bytes(other))).toBeUndefined();
    },
  );

  it('does not unwrap for something what is bound to nothing', async () => {
    const { wrapper } = await open();
    const wrapped = await wrapper.wrap(DATA_KEY, new Uint8Array());
    expect(await wrapper.unwrap(wrapped, AAD)).toBeUndefined();
  });

  it('does not unwrap what another key has wrapped', async () => {
    const { wrapper, stranger } = await open();
    await wrapper.wrap(DATA_KEY, AAD);
    expect(await wrapper.unwrap(await stranger.wrap(DATA_KEY, AAD), AAD)).toBeUndefined();
  });

  it('does not unwrap when any one byte was changed', async () => {
    const { wrapper } = await open();
    const wrapped = await wrapper.wrap(DATA_KEY, AAD);
    for (let at = 0; at < wrapped.length; at++) {
      const changed = Uint8Array.from(wrapped, (byte, n) => (n === at ? byte ^ 0x80 : byte));
      expect([at, await wrapper.unwrap(changed, AAD)]).toEqual([at, undefined]);
    }
  });

  it.each([0, 1, 13, 28, -16, -1])('does not unwrap what was cut at %i', async (end) => {
    const { wrapper } = await open();
    const wrapped = await wrapper.wrap(DATA_KEY, AAD);
    expect(await wrapper.unwrap(wrapped.slice(0, end), AAD)).toBeUndefined();
  });

  it('does not unwrap what has grown', async () => {
    const { wrapper } = await open();
    const wrapped = await wrapper.wrap(DATA_KEY, AAD);
    const grown = Uint8Array.of(...wrapped, 0);
    expect(await wrapper.unwrap(grown, AAD)).toBeUndefined();
  });
}
