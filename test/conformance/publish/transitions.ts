import type { ReportType } from '@keyserver/exposure-keys';
import { HOUR } from '@keyserver/time';
import type { Drawn } from './drawn.ts';
import type { Ground } from './ground.ts';
import { APPS, type Sending, newKey, outcomeOf, publish } from './phone.ts';
import { REFUSED, published, storedAs, typesOf } from './revising.ts';

/** An app that may do everything without a certificate: the type '' is what it publishes without one. */
const app = APPS.withoutCertificate;
const as = (reportType: ReportType): Sending =>
  reportType === '' ? { app, body: { verificationPayload: 'x' } } : { app, reportType };

const named = (reportType: ReportType): string => (reportType === '' ? 'no report' : reportType);

/** Rows about the report types that a key may be revised to, and those that it may not. */
export function describeTransitions(on: () => Ground, of: Drawn): void {
  const revised = (from: ReportType, ...to: ReportType[]) => to.map((one) => [from, one] as const);
  const titled = (pairs: readonly (readonly [ReportType, ReportType])[]) =>
    of(pairs).map(([from, to]) => ({ from, to, title: `${named(from)} to ${named(to)}` }));

  it.each(
    titled([
      ...revised('user-report', 'confirmed', 'likely', 'negative'),
      ...revised('likely', 'confirmed', 'negative'),
      ...revised('', 'confirmed', 'negative'),
    ]),
  )('is: $title', async ({ from, to }) => {
    const key = newKey();
    const token = await published(on(), [key], as(from));
    const answer = await publish(on(), [key], { ...as(to), token });
    expect([answer.status, ...Object.keys(answer.body)]).toEqual([200, 'revisionToken', 'padding']);
    expect(await typesOf(on(), key)).toEqual([from, to]);
  });

  it.each(
    titled([
      ...revised('user-report', ''),
      ...revised('likely', 'user-report', ''),
      ...revised('', 'likely', 'user-report'),
      ...revised('confirmed', 'likely', 'negative', 'user-report', ''),
    ]),
  )('is not: $title', async ({ from, to }) => {
    const key = newKey();
    const token = await published(on(), [key], as(from));
    expect(outcomeOf(await publish(on(), [key], { ...as(to), token }))).toBe(REFUSED);
    expect(await typesOf(on(), key)).toEqual([from]);
  });

  it.each(titled(revised('negative', 'confirmed', 'likely', 'user-report')))(
    'is not: $title, should a negative one ever be stored',
    async ({ from, to }) => {
      const key = newKey();
      const { id } = APPS.withoutToken;
      await on().store(storedAs(key, from), { app: id, regions: ['US'], origin: 'local' });
      on().clock.advance(HOUR);
      const sending = { app: APPS.withoutToken, reportType: to };
      expect(outcomeOf(await publish(on(), [key], sending))).toBe(REFUSED);
    },
  );

  it.each(titled((['user-report', 'likely', 'confirmed', ''] as const).map((one) => [one, one])))(
    'is nothing new: $title',
    async ({ from }) => {
      const key = newKey();
      const token = await published(on(), [key], as(from));
      expect(outcomeOf(await publish(on(), [key], { ...as(from), token }))).toBe('200');
      expect(await typesOf(on(), key)).toEqual([from]);
    },
  );

  it.each<[string, ReportType, string]>([
    ['what it was first is nothing new', 'user-report', '200'],
    ['what it was revised to is nothing new', 'likely', '200'],
    ['something else is one revision too many', 'confirmed', '400 key_already_revised'],
    ['negative is one revision too many as well', 'negative', '400 key_already_revised'],
  ])('once, then %s', async (_, to, outcome) => {
    const key = newKey();
    const token = await published(on(), [key], as('user-report'));
    await published(on(), [key], { ...as('likely'), token });
    expect(outcomeOf(await publish(on(), [key], { ...as(to), token }))).toBe(outcome);
    expect(await typesOf(on(), key)).toEqual(['user-report', 'likely']);
  });
}
