import {
  type ReleaseNeeds,
  type RollOutStep,
  presentNeeds,
  rollOutSteps,
} from '../../docs/released-needs.ts';
import { sectionOf, textOf } from './pages.ts';

const released = JSON.parse(textOf('docs/released.json')) as ReleaseNeeds & { release: string };

/** What the page names of a step: its kind, and what it is about, letter for letter. */
const rowOf = ({ kind, about, when }: RollOutStep): string => `| ${when} | ${kind} | \`${about}\``;
const told = (page: string, steps: readonly RollOutStep[]): readonly string[] => {
  const section = sectionOf(page, 'What has changed since the last release').replaceAll(/ +/g, ' ');
  return steps.map(rowOf).filter((row) => !section.includes(row));
};

describe('the page on upgrades', () => {
  it('tells every setting and index that must be there before the new images, or may go after them', () => {
    const steps = rollOutSteps(released, presentNeeds());
    expect(told(textOf('docs/upgrade.md'), steps)).toEqual([]);
  });

  it('would be found to leave one out', () => {
    const step = { kind: 'new_required', about: 'publish NEW', when: 'before' } as const;
    expect(told(textOf('docs/upgrade.md'), [step])).toEqual([rowOf(step)]);
  });
});

const needs = (
  settings: Record<string, { allowed: string; default?: string }>,
  indexes: string[] = [],
): ReleaseNeeds => ({ settings: { publish: settings }, indexes });
const text = { allowed: 'text', default: 'a' };

describe('the difference of two releases', () => {
  it.each<[string, ReleaseNeeds, ReleaseNeeds, string]>([
    ['must be given', needs({}), needs({ A: { allowed: 'text' } }), 'new_required before'],
    [
      'lost its default',
      needs({ A: text }),
      needs({ A: { allowed: 'text' } }),
      'new_required before',
    ],
    [
      'has other bounds',
      needs({ A: text }),
      needs({ A: { ...text, allowed: 'b' } }),
      'new_bounds before',
    ],
    [
      'has another default',
      needs({ A: text }),
      needs({ A: { ...text, default: 'b' } }),
      'new_default before',
    ],
    ['got a default', needs({ A: { allowed: 'text' } }), needs({ A: text }), 'new_default before'],
    ['is gone', needs({ A: text }), needs({}), 'setting_gone after'],
  ])('names a setting that %s', (_, before, after, step) => {
    const [kind, when] = step.split(' ');
    expect(rollOutSteps(before, after)).toEqual([{ kind, when, about: 'publish A' }]);
  });

  it('names indexes that come and go', () => {
    expect(rollOutSteps(needs({}, ['x', 'y']), needs({}, ['y', 'z']))).toEqual([
      { kind: 'new_index', about: 'z', when: 'before' },
      { kind: 'index_gone', about: 'x', when: 'after' },
    ]);
  });

  it('says nothing of a new setting that has a default, nor of what is the same', () => {
    expect(rollOutSteps(needs({ A: text }), needs({ A: text, B: text }))).toEqual([]);
  });
});
