import { Refusal } from './answer.ts';

/** What preconditions look at: the object that is there, or undefined. */
export type Versioned =
  { readonly generation: string; readonly metageneration: string } | undefined;

const PRECONDITIONS = [
  { parameter: 'ifGenerationMatch', of: 'generation', met: 'equal' },
  { parameter: 'ifGenerationNotMatch', of: 'generation', met: 'different' },
  { parameter: 'ifMetagenerationMatch', of: 'metageneration', met: 'equal' },
  { parameter: 'ifMetagenerationNotMatch', of: 'metageneration', met: 'different' },
] as const;

/**
 * Refuses a request whose preconditions do not hold; a missing object has the generation 0. A reader that asks whether
 * something has changed hears 304, everybody else 412.
 */
export function checkPreconditions(
  present: Versioned,
  query: URLSearchParams,
  purpose: 'read' | 'write',
): void {
  for (const { parameter, of, met } of PRECONDITIONS) {
    const wanted = query.get(parameter);
    if (wanted === null) continue;
    const actual = present?.[of] ?? '0';
    if ((actual === wanted) === (met === 'equal')) continue;
    const status = purpose === 'read' && met === 'different' ? 304 : 412;
    const message = 'At least one of the pre-conditions you specified did not hold.';
    throw new Refusal(status, 'conditionNotMet', message);
  }
}
