import { type Ground, type PlatformName, openGround } from './ground.ts';
import { NOW, configureSuite } from './phone.ts';
import { describeDecisions } from './decisions.ts';
import { describeEdge } from './edge.ts';
import { describeFigures } from './figures.ts';
import { describeFirstApi } from './first-api.ts';
import { describeKeptKeys } from './kept-keys.ts';
import { describeRequests } from './requests.ts';
import { describeRevisions } from './revisions.ts';
import { describeStatistics } from './statistics.ts';
import type { Drawn } from './drawn.ts';
import { describeTokens } from './tokens.ts';

/**
 * What a phone may send and what it is answered, row by row, on a platform. The clock only goes forward, from row to row. Long
 * tables of spellings, bodies and revisions can be left with their first row and every third one after it.
 */
export function describePublish(platform: PlatformName, rows: 'every row' | 'a third'): void {
  let ground: Ground;
  const on = (): Ground => ground;
  const of: Drawn = (table) => (rows === 'every row' ? table : table.filter((_, n) => n % 3 === 0));

  beforeAll(async () => {
    ground = await openGround(platform, NOW);
    await configureSuite(ground);
  });
  afterAll(async () => {
    await ground.close();
  });

  describeKeptKeys(on);
  describeRequests(on, of);
  describeFirstApi(on);
  describeEdge(on);
  describeFigures(on);
  describeDecisions(on);
  describeRevisions(on, of);
  describeTokens(on);
  describeStatistics(on);
}
