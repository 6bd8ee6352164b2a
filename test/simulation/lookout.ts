import type { Country } from '@keyserver/demo';
import { unpackRecords } from '@keyserver/exposure-keys';
import { readKeyBatches } from '@keyserver/stores';
import { DAY, HOUR, unixMillis } from '@keyserver/time';
import { inCountry, judgeFiles } from './evidence.ts';
import type { Problem } from './invariants.ts';
import type { Known } from './judge-keys.ts';
import { type Memory, NOTHING_SEEN, remember } from './judge-list.ts';
import { type Glimpse, Observer, isThere } from './observe.ts';
import type { SimulatedServer } from './server.ts';

const RETENTION = 14 * DAY;
/** How long after a window its generated keys may come, as faults last: nothing older is read twice. */
const LATEST_SETTLING = 4 * DAY;
/** An archive is deleted a day after it left the index, by a job that comes every four hours. */
const UNTIL_DELETED = DAY + 12 * HOUR;

/** Downloads what all servers list, again and again, and remembers what phones have seen. */
export class Lookout {
  readonly generated = new Set<string>();
  readonly #observer = new Observer();
  readonly #memories = new Map<Country, Memory>();

  memoryOf({ country }: SimulatedServer): Memory {
    return this.#memories.get(country) ?? NOTHING_SEEN;
  }

  /** Looks at the files of all servers that have any to show; gives what is wrong with them. */
  async look(
    servers: readonly SimulatedServer[],
    known: Omit<Known, 'generated'>,
  ): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    for (const server of servers) await this.learnGenerated(server);
    for (const server of servers) {
      const glimpse = await this.glimpse(server);
      if (glimpse === undefined) continue;
      const { country } = server;
      if (isNew(this.memoryOf(server), glimpse) && known.calmSince(country) === undefined) continue;
      const seen = { memory: this.memoryOf(server), glimpse };
      const found = judgeFiles(country, seen, { ...known, generated: this.generated });
      problems.push(...found.map((problem) => inCountry(problem, country)));
      this.#memories.set(country, remember(seen.memory, glimpse));
    }
    return problems;
  }

  async glimpse(server: SimulatedServer): Promise<Glimpse | undefined> {
    return await this.#observer.glimpse(server);
  }

  /** Verifies every file again from now on. */
  lookAnew(): void {
    this.#observer.forget();
  }

  /** Names that left the index long ago, and can still be downloaded. */
  async leftBehind(server: SimulatedServer): Promise<readonly string[]> {
    const deadline = server.trueClock.now() - UNTIL_DELETED;
    const found: string[] = [];
    for (const [name, at] of this.memoryOf(server).unlisted)
      if (at < deadline && (await isThere(server, name))) found.push(name);
    return found;
  }

  /** Generated keys are told from keys that nobody uploaded by the stores of those who generate. */
  async learnGenerated({ platform, trueClock }: SimulatedServer): Promise<void> {
    const now = trueClock.now();
    const span = { from: unixMillis(now - LATEST_SETTLING), until: unixMillis(now + 2 * DAY) };
    for await (const page of readKeyBatches(platform.store, { retention: RETENTION })(span))
      for (const { data } of page
        .filter(({ origin }) => origin === 'padding')
        .flatMap(({ records }) => unpackRecords(records)))
        this.generated.add(Buffer.from(data).toString('base64'));
  }
}

/** Where something has been wrong from the very beginning there are no files yet. */
const isNew = (memory: Memory, { archives }: Glimpse): boolean =>
  memory === NOTHING_SEEN && archives.length === 0;
