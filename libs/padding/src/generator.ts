import { type UnixMillis, type WindowCalendar, unixMillis, windowLengthAt } from '@keyserver/time';
import { publishersOf } from './batch-cells.ts';
import type { Cell } from './cell.ts';
import type { Plan } from './plan.ts';
import { reviseDocuments } from './revise.ts';
import type { Generate, Revise } from './settle.ts';
import { type GenerationSource, generateDocuments } from './generate-documents.ts';

/** Generates the documents of a plan's cells after shapes of earlier days. */
export const generatorOf =
  (
    plan: Plan,
    options: Omit<GenerationSource, 'windowLength'> & { readonly windows: WindowCalendar },
  ): Generate =>
  ({ cell, documents }, missing) =>
    generateDocuments(
      {
        ...{ windows: windowsOf(cell, options.windows), documents },
        ...{ keys: missing.keys, atLeast: missing.documents },
        audiences: documents.length > 0 ? [] : publishersOf(plan, cell),
      },
      { ...options, windowLength: (window) => windowLengthAt(options.windows, window) },
    );

/** The release windows that a cell spans. */
function windowsOf({ start, end }: Cell, calendar: WindowCalendar): readonly UnixMillis[] {
  const windows: UnixMillis[] = [];
  for (let at = start; at < end; at = unixMillis(at + windowLengthAt(calendar, at)))
    windows.push(at);
  return windows;
}

/** Revises generated documents in the windows of a cell of revisions. */
export const reviserOf =
  (
    options: Pick<GenerationSource, 'rules' | 'random'> & { readonly windows: WindowCalendar },
  ): Revise['revise'] =>
  ({ cell, documents }, candidates, count) =>
    reviseDocuments(
      candidates,
      { documents, windows: windowsOf(cell, options.windows) },
      { ...options, count },
    );
