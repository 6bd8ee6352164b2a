import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import type { Advice } from './advice.ts';
import type { WholeConfiguration } from './configuration.ts';

/** Apps that may publish for more than before, and authorities that are shown what they were not shown before. */
export const adviseOnAccess = (
  before: WholeConfiguration,
  after: WholeConfiguration,
): readonly Advice[] => [
  ...before.apps.flatMap((was) => {
    const is = after.apps.find(({ id }) => id === was.id);
    return is === undefined ? [] : onApp(was, is);
  }),
  ...before.authorities.flatMap((was) => {
    const is = after.authorities.find(({ id }) => id === was.id);
    return is === undefined || was.stats || !is.stats ? [] : [onStatistics(is)];
  }),
];

function onApp(was: AuthorizedApp, is: AuthorizedApp): readonly Advice[] {
  const more = [
    ...added(was.regions, is.regions).map((region) => `region ${region}`),
    ...added(was.authorities, is.authorities).map((id) => `authority ${id}`),
  ];
  if (more.length === 0) return [];
  const message = `App ${is.id} may publish keys for more than before: ${more.join(', ')}.`;
  return [{ name: 'wider_grant', section: 'apps', id: is.id, message }];
}

const added = <T>(before: readonly T[], after: readonly T[]): readonly T[] =>
  after.filter((one) => !before.includes(one));

const onStatistics = ({ id, name }: HealthAuthority): Advice => ({
  ...{ name: 'wider_grant', section: 'authorities', id: String(id) },
  message: `Authority ${id} (${name}) is shown statistics, which it was not before.`,
});
