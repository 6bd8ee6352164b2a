import { Session } from 'node:inspector';

/** Tells which code of the project and its packages is executed. */
export interface Coverage {
  /** What was executed since this was last asked. */
  take(): Executed;
  stop(): void;
}

/** What was executed within a while. */
export interface Executed {
  /** How often blocks of code were entered: work that does not depend on the machine. */
  readonly steps: number;
  /** Adds it to what was executed before; says whether any of it was new. */
  addTo(before: Map<string, Uint8Array>): boolean;
}

interface ScriptCoverage {
  readonly url: string;
  /** Outer functions before those inside them, and so the ranges of each: what comes later is more precise. */
  readonly functions: readonly {
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly endOffset: number;
      readonly count: number;
    }[];
  }[];
}

/** The code that searches executes something else for each input, which says nothing. */
const SEARCH = '/test/fuzz/';

/** Begins to count, by means of V8 itself. Of code that was compiled before this only whole functions are told apart. */
export function startCoverage(): Coverage {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    take: () => {
      const scripts = scriptsOf(session).filter(
        ({ url }) => url.startsWith('file:') && !url.includes(SEARCH),
      );
      return {
        steps: stepsIn(scripts),
        // Each script is looked at, also once something new was found in one.
        addTo: (before) => scripts.map((script) => addScript(script, before)).includes(true),
      };
    },
    stop: () => {
      session.disconnect();
    },
  };
}

/** The answer comes before `post` returns, since the session is of this very thread. */
function scriptsOf(session: Session): readonly ScriptCoverage[] {
  let scripts: readonly ScriptCoverage[] = [];
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    scripts = result;
  });
  return scripts;
}

const rangesOf = ({ functions }: ScriptCoverage) => functions.flatMap(({ ranges }) => ranges);

const stepsIn = (scripts: readonly ScriptCoverage[]): number =>
  scripts.flatMap(rangesOf).reduce((sum, { count }) => sum + count, 0);

/** Ranges are cut where counts differ, so they are no names of blocks: what is compared is the text that they cover. */
function addScript(script: ScriptCoverage, before: Map<string, Uint8Array>): boolean {
  const ranges = rangesOf(script);
  const length = ranges.reduce((end, { endOffset }) => Math.max(end, endOffset), 0);
  const now = new Uint8Array(length);
  for (const { startOffset, endOffset, count } of ranges)
    now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  const known = grown(before.get(script.url), length);
  before.set(script.url, known);
  let isNew = false;
  for (let at = 0; at < length; at += 1)
    if (now[at] === 1 && known[at] === 0) {
      known[at] = 1;
      isNew = true;
    }
  return isNew;
}

function grown(known: Uint8Array | undefined, length: number): Uint8Array {
  if (known !== undefined && known.length >= length) return known;
  const longer = new Uint8Array(length);
  longer.set(known ?? []);
  return longer;
}
