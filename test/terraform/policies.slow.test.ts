import { EXAMPLES } from './examples.ts';
import { planOf, whyNoPlan } from './make-plan.ts';
import { accessMistakes } from './mistakes/access.ts';
import { alertMistakes } from './mistakes/alerts.ts';
import { dataMistakes } from './mistakes/data.ts';
import { workMistakes } from './mistakes/work.ts';
import type { Plan } from './plan.ts';
import { POLICIES } from './policies.ts';

const MISTAKES = [accessMistakes, workMistakes, dataMistakes, alertMistakes].flat();
const why = await whyNoPlan();
const plans = new Map<string, Plan>();

if (why === undefined)
  beforeAll(async () => {
    for (const [name, variables] of Object.entries(EXAMPLES))
      plans.set(name, await planOf(name, variables));
  });

const planned = (name: string): Plan => plans.get(name) ?? [];
const described = why === undefined ? describe : describe.skip;
const because = why === undefined ? '' : ` (skipped: ${why})`;

described.each(Object.keys(EXAMPLES))(`the plan of the example %s${because}`, (example) => {
  it.each(Object.entries(POLICIES))('%s', (_rule, policy) => {
    expect(planned(example).length).toBeGreaterThan(100);
    expect(policy(planned(example))).toEqual([]);
  });
});

described(`mistakes in a plan${because}`, () => {
  it.each(MISTAKES)('break "$rule": $mistake', ({ rule, spoil, says }) => {
    const sound = planned('production');
    const spoilt = spoil(sound);
    expect(spoilt).not.toEqual(sound);
    expect(POLICIES[rule](spoilt)).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
  });

  it('are shown for every rule', () => {
    expect(new Set(MISTAKES.map(({ rule }) => rule))).toEqual(new Set(Object.keys(POLICIES)));
  });
});

described(`terraform${because}`, () => {
  it('refuses an alert on a figure that nobody declares', async () => {
    const misspelt = planOf('minimal', EXAMPLES.minimal, {
      file: 'monitoring/symptoms.tf',
      from: 'keyserver_health_problems_total',
      to: 'keyserver_health_problem_total',
    });
    await expect(misspelt).rejects.toThrow(
      /a figure that nobody declares: keyserver_health_problem_total/,
    );
  });
});
