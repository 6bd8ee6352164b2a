import { createHmac } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import type { Ground } from '../publish/ground.ts';
import { SECRET, macOf, newKey, outcomeOf, publish } from '../publish/phone.ts';

const INVALID = '401 health_authority_verification_certificate_invalid';

/** Keys whose order by bytes is neither that of a dictionary nor the one in which they are sent. */
const someKeys = (): OfferedKey[] =>
  [0xff, 0x00, 0xfb, 0x6a, 0x68].map((first, n) => {
    const data = Buffer.from(newKey().key, 'base64');
    data[0] = first;
    return newKey({
      ...{ key: data.toString('base64'), rollingStartNumber: 2_699_000 + 144 * n },
      transmissionRisk: n,
    });
  });

/** Rows about the MAC that ties a certificate to keys. */
export function describeMacs(on: () => Ground): void {
  const body = { symptomOnsetInterval: 2_699_500 };

  describe('the MAC over the keys', () => {
    it('is over the keys in the order of their bytes, whatever the order in which they are sent', async () => {
      const keys = someKeys();
      const claims = { tekmac: macOf(keys) };
      expect(outcomeOf(await publish(on(), keys.toReversed(), { claims, body }))).toBe('200');
    });

    it('is not over the keys in the order in which they are sent', async () => {
      const keys = someKeys();
      const texts = keys.map(
        (one) =>
          `${one.key}.${one.rollingStartNumber}.${one.rollingPeriod}.${one.transmissionRisk}`,
      );
      const claims = {
        tekmac: createHmac('sha256', SECRET).update(texts.join(',')).digest('base64'),
      };
      expect(outcomeOf(await publish(on(), keys, { claims, body }))).toBe(INVALID);
    });

    it.each<[string, (key: OfferedKey) => OfferedKey]>([
      ['another start', (key) => ({ ...key, rollingStartNumber: key.rollingStartNumber + 1 })],
      ['another period', (key) => ({ ...key, rollingPeriod: 143 })],
      ['another risk', (key) => ({ ...key, transmissionRisk: 1 })],
      ['another spelling', (key) => ({ ...key, key: key.key.replaceAll('=', '') })],
      ['other bytes', (key) => newKey({ rollingStartNumber: key.rollingStartNumber })],
    ])('does not cover a key with %s', async (_, change) => {
      const key = newKey();
      const claims = { tekmac: macOf([key]) };
      expect(outcomeOf(await publish(on(), [change(key)], { claims }))).toBe(INVALID);
    });

    it.each<[string, (keys: OfferedKey[]) => OfferedKey[]]>([
      ['a key less', (keys) => keys.slice(1)],
      ['a key more', (keys) => [...keys, newKey({ rollingStartNumber: 2_700_000 })]],
      ['no keys', () => []],
    ])('does not cover %s', async (_, change) => {
      const keys = someKeys();
      const claims = { tekmac: macOf(keys) };
      expect(outcomeOf(await publish(on(), change(keys), { claims, body }))).toBe(INVALID);
    });

    it('is not made with another secret', async () => {
      const keys = [newKey()];
      const claims = { tekmac: macOf(keys, { secret: Buffer.alloc(32, 6) }) };
      expect(outcomeOf(await publish(on(), keys, { claims }))).toBe(INVALID);
    });

    it.each<[string, (mac: Buffer) => Buffer]>([
      ['cut short', (mac) => mac.subarray(0, 31)],
      ['a byte longer', (mac) => Buffer.concat([mac, Buffer.alloc(1)])],
      ['empty', () => Buffer.alloc(0)],
      ['changed in its last bit', (mac) => Buffer.from(mac.map((b, n) => (n === 31 ? b ^ 1 : b)))],
    ])('holds for nothing when it is %s', async (_, change) => {
      const keys = [newKey()];
      const claims = { tekmac: change(Buffer.from(macOf(keys), 'base64')).toString('base64') };
      expect(outcomeOf(await publish(on(), keys, { claims }))).toBe(INVALID);
    });

    it.each(['full', 'short'] as const)(
      'may be the %s one when no key has a risk',
      async (form) => {
        const keys = [newKey()];
        const claims = { tekmac: macOf(keys, { form }) };
        expect(outcomeOf(await publish(on(), keys, { claims }))).toBe('200');
      },
    );
  });
}
