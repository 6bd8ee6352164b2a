import { describeSettings } from '@keyserver/config';
import { firestoreIndexes } from '@keyserver/firestore';
import { allCollections } from '@keyserver/stores';
import { PROGRAMS } from './configuration-page.ts';

/** What a release needs of its surroundings: settings by program and name, and the indexes of Firestore. */
export interface ReleaseNeeds {
  readonly settings: Readonly<Record<string, Readonly<Record<string, SettingNeed>>>>;
  readonly indexes: readonly string[];
}

interface SettingNeed {
  /** What it may be, in words. */
  readonly allowed: string;
  /** Absent where the setting must be given. */
  readonly default?: string;
}

/** A difference between two releases that somebody must act on, or know. */
export interface RollOutStep {
  readonly kind:
    'new_required' | 'new_bounds' | 'new_default' | 'setting_gone' | 'new_index' | 'index_gone';
  /** What it is about: `publish PORT`, or an index. */
  readonly about: string;
  /** When terraform may bring it: before any image of the new release runs, or when none of the old one does. */
  readonly when: 'before' | 'after';
}

/** The needs of the sources as they are. */
export function presentNeeds(): ReleaseNeeds {
  const settings = PROGRAMS.map(({ name, settings: declared }) => {
    const rows = describeSettings(declared).map(
      ({ name: setting, allowed, default: value }) =>
        [setting, { allowed, ...(value === undefined ? {} : { default: value }) }] as const,
    );
    return [name, Object.fromEntries(rows)] as const;
  });
  const { indexes } = firestoreIndexes(allCollections.map(({ layout }) => layout));
  return {
    settings: Object.fromEntries(settings),
    indexes: indexes.map((index) => JSON.stringify(index)).sort(),
  };
}

/** What an operator must do or know between two releases, in the order of programs and names. */
export function rollOutSteps(before: ReleaseNeeds, after: ReleaseNeeds): readonly RollOutStep[] {
  const programs = [...new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])];
  const settings = programs.flatMap((program) =>
    settingSteps(program, before.settings[program] ?? {}, after.settings[program] ?? {}),
  );
  const added = after.indexes.filter((index) => !before.indexes.includes(index));
  const gone = before.indexes.filter((index) => !after.indexes.includes(index));
  return [
    ...settings,
    ...added.map((about) => ({ kind: 'new_index', about, when: 'before' }) as const),
    ...gone.map((about) => ({ kind: 'index_gone', about, when: 'after' }) as const),
  ];
}

function settingSteps(
  program: string,
  before: Readonly<Record<string, SettingNeed>>,
  after: Readonly<Record<string, SettingNeed>>,
): readonly RollOutStep[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const step = stepOf(before[name], after[name]);
    return step === undefined ? [] : [{ ...step, about: `${program} ${name}` }];
  });
}

function stepOf(
  old: SettingNeed | undefined,
  now: SettingNeed | undefined,
): Omit<RollOutStep, 'about'> | undefined {
  if (now === undefined) return { kind: 'setting_gone', when: 'after' };
  // Whoever does not know a setting passes over it, so it may come first; a new one with a default needs nobody.
  if (now.default === undefined && old?.default !== undefined)
    return { kind: 'new_required', when: 'before' };
  if (old === undefined)
    return now.default === undefined ? { kind: 'new_required', when: 'before' } : undefined;
  if (now.allowed !== old.allowed) return { kind: 'new_bounds', when: 'before' };
  return now.default === old.default ? undefined : { kind: 'new_default', when: 'before' };
}
