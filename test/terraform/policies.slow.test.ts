import { EXAMPLES } from './examples.ts';
import { planOf, whyNoPlan } from './make-plan.ts';
import type { Plan } from './plan.ts';
import { POLICIES } from './policies.ts';
import { MISTAKES } from './mistakes.ts';

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
    const spoilt = spoil(structuredClone(planned('production')));
    expect(spoilt).not.toEqual(planned('production'));
    expect(POLICIES[rule](spoilt)).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
  });

  it('are shown for every rule', () => {
    expect(new Set(MISTAKES.map(({ rule }) => rule))).toEqual(new Set(Object.keys(POLICIES)));
  });
});
