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
import { describeTokens } from './tokens.ts';

/** What a phone may send and what it is answered, row by row, on a platform. The clock only goes forward, from row to row. */
export function describePublish(platform: PlatformName): void {
  let ground: Ground;
  const on = (): Ground => ground;

  beforeAll(async () => {
    ground = await openGround(platform, NOW);
    await configureSuite(ground);
  });
  afterAll(async () => {
    await ground.close();
  });

  describeKeptKeys(on);
  describeRequests(on);
  describeFirstApi(on);
  describeEdge(on);
  describeFigures(on);
  describeDecisions(on);
  describeRevisions(on);
  describeTokens(on);
  describeStatistics(on);
}
