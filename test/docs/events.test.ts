import { SEVERITY } from '@keyserver/log/testing';
import { repositoryPaths, rowsOf, sectionOf, textOf } from './pages.ts';

const ALARMING: readonly string[] = ['error', 'critical', 'alert'];
const RUNBOOKS = 'docs/runbooks/';

it('has a runbook for each event that somebody must act on, and no other', () => {
  const wanted = Object.entries(SEVERITY)
    .filter(([, severity]) => ALARMING.includes(severity))
    .map(([name]) => `${RUNBOOKS}${name}.md`);
  const present = repositoryPaths().filter(
    // Pages named after events have a dot in their names; others are about a procedure.
    (path) => path.startsWith(RUNBOOKS) && /\.[a-z_]+\.md$/u.test(path),
  );
  expect(present.toSorted()).toEqual(wanted.toSorted());
});

it('says in every runbook how severe the event is, what it means, where to look and what to do', () => {
  for (const [name, severity] of Object.entries(SEVERITY)) {
    if (!ALARMING.includes(severity)) continue;
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
