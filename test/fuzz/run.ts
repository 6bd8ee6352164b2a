import { parseArgs } from 'node:util';
import { seededRandom } from '@keyserver/random/testing';
import { startCoverage } from './coverage.ts';
import { type Search, type Target, search } from './search.ts';
import { TARGETS } from './targets/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: 'fuzz' },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function report({ name }: Target, found: Search): void {
  const { inputs, corpus, covered, stepsPerByte, findings } = found;
  const counted = [inputs, corpus, covered, stepsPerByte, findings.length].map((count) =>
    count.toLocaleString('en-US').padStart(11),
  );
  say(`${name.padEnd(15)}${counted.join('')}`);
  for (const { what, input } of findings)
    say(
      `  ${what}\n    ${JSON.stringify(input.toString('latin1'))}\n    ${input.toString('base64')}`,
    );
}

const chosen = positionals.length > 0 ? positionals : Object.keys(TARGETS);
const unknown = chosen.filter((name) => !Object.hasOwn(TARGETS, name));
if (unknown.length > 0) {
  say(`there is no ${unknown.join(', ')}: choose of ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}
const coverage = startCoverage();
say(`${'target'.padEnd(20)}inputs       kept    covered steps/byte      found`);
for (const name of chosen) {
  const targets = (await TARGETS[name]?.()) ?? [];
  for (const target of targets) {
    const random = seededRandom(`${values.seed}/${target.name}`);
    const end = Date.now() + (Number(values.seconds) * 1000) / targets.length;
    const found = await search(target, { random, coverage, goesOn: () => Date.now() < end });
    report(target, found);
    if (found.findings.length > 0) process.exitCode = 1;
  }
}
coverage.stop();
