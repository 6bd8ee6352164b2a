import type { OfferedKey } from '@keyserver/exposure-keys';
import { type Upload, certified, dayKey } from '../phones.ts';
import { type Country, TEST_APP } from './configuration.ts';
import type { FederatedServer } from './world.ts';

/** Where keys of a person must be found, by the ids of countries. */
export interface Whereabouts {
  readonly stored: readonly string[];
  readonly inFiles: readonly string[];
}

/** A person who publishes keys, and what must come of them. */
export interface Person {
  readonly who: string;
  readonly keys: readonly OfferedKey[];
  readonly expected: Whereabouts;
  readonly why: string;
  /** Whether the keys are taken back later. */
  readonly takesBack: boolean;
}

const KEYS = 3;

/** What people of a country publish, and who may know of it. */
export async function publishAt(
  server: FederatedServer,
  other: Country,
): Promise<readonly Published[]> {
  const { id } = server.country;
  const both = [id, other.id];
  const ordinary = { reportType: 'likely', onset: undefined, app: server.country.app } as const;
  const keys = (): readonly OfferedKey[] =>
    Array.from({ length: KEYS }, (_, n) => dayKey(server, n + 1));
  const kinds = [
    {
      who: `people who stayed at ${id}`,
      expected: { stored: both, inFiles: [id] },
      why: 'both may know them; files have their own region',
      ...{ traveler: false, takesBack: false, app: ordinary.app },
    },
    {
      who: `travelers from ${id}`,
      expected: { stored: both, inFiles: both },
      why: 'files have travelers from everywhere',
      ...{ traveler: true, takesBack: false, app: ordinary.app },
    },
    {
      who: `a traveler from ${id}, taken back`,
      expected: { stored: both, inFiles: both },
      why: 'the revision follows its keys',
      ...{ traveler: true, takesBack: true, app: ordinary.app },
    },
    {
      who: `test phones at ${id}`,
      expected: { stored: [id], inFiles: [id] },
      why: 'an excluded region refuses the whole key',
      ...{ traveler: false, takesBack: false, app: TEST_APP },
    },
  ];
  const published: Published[] = [];
  for (const { traveler, app, ...kind } of kinds) {
    const person = { ...kind, keys: keys() };
    const upload = { ...ordinary, app, traveler, keys: person.keys };
    published.push({ ...person, server, upload, token: await send(server, upload) });
  }
  return published;
}

/** What a person has published, and the token with which it can be changed. */
export interface Published extends Person {
  readonly server: FederatedServer;
  readonly upload: Omit<Upload, 'app'> & { readonly app: string };
  readonly token: string;
}

/** Takes back what those have published who do so. */
export async function takeBack(published: readonly Published[]): Promise<void> {
  for (const { takesBack, server, upload, token } of published)
    if (takesBack) await send(server, { ...upload, reportType: 'negative' }, token);
}

/** Uploads keys, and gives the token of the answer. */
async function send(
  server: FederatedServer,
  upload: Published['upload'],
  revisionToken = '',
): Promise<string> {
  const body = JSON.stringify({ ...certified(upload, server), revisionToken });
  const response = await fetch(`${server.urls.publish}/v1/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const answer: unknown = await response.json();
  if (response.status !== 200 || !hasToken(answer))
    throw new Error(`an upload was answered with ${response.status}`);
  return answer.revisionToken;
}

const hasToken = (answer: unknown): answer is { readonly revisionToken: string } =>
  typeof answer === 'object' &&
  answer !== null &&
  'revisionToken' in answer &&
  typeof answer.revisionToken === 'string';
