import { SEVERITY } from '@keyserver/log/testing';
import { repositoryPaths, rowsOf, sectionOf, textOf } from './pages.ts';

const ALARMING: readonly string[] = ['error', 'critical', 'alert'];
const RUNBOOKS = 'docs/runbooks/';

/** Warnings that an operator may want to do something about. */
const WORTH_A_PAGE: readonly string[] = ['export.revisions_alone'];
const withPage = Object.entries(SEVERITY).filter(
  ([name, severity]) => ALARMING.includes(severity) || WORTH_A_PAGE.includes(name),
);

it('has a runbook for each event that somebody must act on, and no others but for some warnings', () => {
  const wanted = withPage.map(([name]) => `${RUNBOOKS}${name}.md`);
  const present = repositoryPaths().filter(
    // Pages named after events have a dot in their names; others are about a procedure.
    (path) => path.startsWith(RUNBOOKS) && /\.[a-z_]+\.md$/u.test(path),
  );
  expect(present.toSorted()).toEqual(wanted.toSorted());
});

it('says in every runbook how severe the event is, what it means, where to look and what to do', () => {
  for (const [name, severity] of withPage) {
    const text = textOf(`${RUNBOOKS}${name}.md`);
    expect(text).toContain(`# ${name}\n`);
    expect(text).toContain(`Severity ${severity.toUpperCase()}`);
    for (const heading of ['Meaning', 'First look', 'Remedies'])
      expect(text).toContain(`## ${heading}\n`);
  }
});

it('lists every event that may be logged among what is logged', () => {
  const logged = rowsOf(sectionOf(textOf('docs/privacy.md'), 'What is logged'));
  const events = logged.map(([name = '', severity = '']) => [name.replaceAll('`', ''), severity]);
  expect(Object.fromEntries(events)).toEqual(SEVERITY);
});
