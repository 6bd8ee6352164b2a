import { parseArgs } from 'node:util';
import { measureAttestation } from './attestation.ts';
import { measureChaff } from './chaff.ts';
import { measureColdStart } from './cold-start.ts';
import { measureDeletion } from './deletion.ts';
import { measureFederation } from './federation.ts';
import { measureFederationPull } from './federation-pull.ts';
import type { Figures, Measure } from './figures.ts';
import { measureOverload } from './overload.ts';
import { measurePadding } from './padding.ts';
import { measurePublish } from './publish.ts';
import { measureRefusals } from './refusals.ts';
import { measureStore } from './store.ts';

const BENCHMARKS: Readonly<Record<string, Measure>> = {
  store: measureStore,
  publish: measurePublish,
  'cold-start': measureColdStart,
  refusals: measureRefusals,
  overload: measureOverload,
  attestation: measureAttestation,
  padding: measurePadding,
  chaff: measureChaff,
  deletion: measureDeletion,
  federation: measureFederation,
  'federation-pull': measureFederationPull,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    keys: { type: 'string' },
    'window-keys': { type: 'string' },
    seconds: { type: 'string' },
    processes: { type: 'string' },
    samples: { type: 'string' },
    profile: { type: 'string' },
  },
});

function table(figures: Figures): string {
  return Object.entries(figures)
    .flatMap(([name, value]) =>
      typeof value === 'number'
        ? [[name, value] as const]
        : Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one] as const),
    )
    .map(([name, value]) => `${name.padEnd(32)}${value.toLocaleString('en').padStart(14)}`)
    .join('\n');
}

const name = positionals[0] ?? '';
const measure = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (measure === undefined) {
  process.stderr.write(`Name a benchmark: ${Object.keys(BENCHMARKS).join(', ')}\n`);
  process.exitCode = 1;
} else {
  const say = (line: string): void => {
    if (!values.json) process.stderr.write(`${line}\n`);
  };
  const numberOf = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(text);
  const [keys, seconds] = [numberOf(values.keys), numberOf(values.seconds)];
  const windowKeys = numberOf(values['window-keys']);
  const [processes, samples] = [numberOf(values.processes), numberOf(values.samples)];
  const { quick, profile } = values;
  const amounts = { keys, windowKeys, seconds, processes, samples };
  const figures = await measure({ ...amounts, quick, profile, say });
  process.stdout.write(`${values.json ? JSON.stringify(figures) : table(figures)}\n`);
}
