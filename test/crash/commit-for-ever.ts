import { openSqliteStore } from '@keyserver/sqlite';
import { machine } from '../support/machine.ts';
import { PARTS, TOTAL, counters, marks } from './marks.ts';

// A process of its own: commits without end, and says of each commit that it was acknowledged. It ends by being killed.
const [file = '', writer = ''] = process.argv.slice(2);
const store = await openSqliteStore({ ...machine, file });

for (;;) {
  const n = await store.transact(async (tx) => {
    const [own, total] = await tx.get(counters, [writer, TOTAL]);
    const next = (own?.n ?? 0) + 1;
    tx.set(counters, writer, { n: next });
    tx.set(counters, TOTAL, { n: (total?.n ?? 0) + 1 });
    for (let part = 0; part < PARTS; part++)
      tx.create(marks, `${writer}-${next}-${part}`, { writer, n: next, found: [next, 1_000_000] });
    return next;
  });
  process.stdout.write(`${n}\n`);
}
