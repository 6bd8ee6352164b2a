import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type NewGeneration,
  contentFile,
  newestSlot,
  slotFile,
  slotNumbers,
  succeed,
} from './object-slots.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-slots-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const headers = { contentType: 'text/plain', cacheControl: 'no-cache', digest: 'd' };

async function written(nonce: string): Promise<NewGeneration> {
  await writeFile(contentFile(directory, nonce), 'x');
  return { kind: 'object', nonce, size: 1, headers };
}

describe('the generations of an object', () => {
  it('follow one another', async () => {
    expect(await succeed(directory, undefined, await written('a'))).toBe('done');
    expect(await succeed(directory, await newestSlot(directory), await written('b'))).toBe('done');
    expect(await newestSlot(directory)).toMatchObject({ number: 2, generation: { nonce: 'b' } });
  });

  it('refuse a second successor', async () => {
    expect(await succeed(directory, undefined, await written('a'))).toBe('done');
    expect(await succeed(directory, undefined, await written('b'))).toBe('taken');
    expect(await newestSlot(directory)).toMatchObject({ number: 1, generation: { nonce: 'a' } });
  });

  it('refuse the successor of a generation that was swept while its writer slept', async () => {
    const swept = { number: 3, generation: await written('swept') };
    await writeFile(slotFile(directory, 9), JSON.stringify(await written('current')));
    expect(await succeed(directory, swept, await written('late'))).toBe('lost');
    expect(await newestSlot(directory)).toMatchObject({ generation: { nonce: 'current' } });
  });

  it('keep a successor whose predecessor was swept as soon as it was replaced', async () => {
    const swept = { number: 3, generation: await written('swept') };
    expect(await succeed(directory, swept, await written('new'))).toBe('done');
    expect(await newestSlot(directory)).toMatchObject({ number: 4, generation: { nonce: 'new' } });
  });

  it('refuse a first generation below a sequence that has moved on', async () => {
    await writeFile(slotFile(directory, 9), JSON.stringify(await written('current')));
    expect(await succeed(directory, undefined, await written('late'))).toBe('lost');
    expect(await newestSlot(directory)).toMatchObject({ generation: { nonce: 'current' } });
  });

  it('refuse a generation whose content was swept while its writer slept', async () => {
    const lost: NewGeneration = { kind: 'object', nonce: 'gone', size: 1, headers };
    expect(await succeed(directory, undefined, lost)).toBe('lost');
    expect(await newestSlot(directory)).toBeUndefined();
  });

  it('are numbered by whole numbers only', () => {
    const files = ['@10.json', '@2.json', '@0.json', '@01.json', '@x.json', '@1.record', '1.json'];
    expect(slotNumbers(files)).toEqual([2, 10]);
  });
});
