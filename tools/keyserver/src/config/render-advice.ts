import type { ChangeAdvice } from '@keyserver/configuration';
import { printable } from '../printable.ts';

/** An app may have 300 regions. */
const MAX_SENTENCE = 10_000;

/** Advice as people read it: one sentence a line under the name by which it is accepted; what holds already comes last. */
export const renderAdvice = (advice: readonly ChangeAdvice[]): string =>
  [...advice.filter(({ standing }) => !standing), ...advice.filter(({ standing }) => standing)]
    .map(
      ({ name, message, standing }) =>
        `! ${name}${standing ? ' (already so)' : ''}: ${printable(message, MAX_SENTENCE)}\n`,
    )
    .join('');
