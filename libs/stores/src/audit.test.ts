import { auditEntries } from './audit.ts';

const entry = {
  at: 1,
  actor: 'alex',
  operation: 'configuration.apply',
  changes: [
    {
      action: 'end',
      section: 'exports',
      id: 'us',
      fields: [
        { field: 'thru', before: undefined, after: '2030-01-01T00:00:00Z', note: undefined },
        { field: 'period', before: '4h', after: '24h', note: 'later' },
      ],
    },
  ],
} as const;

const stored = (changes: unknown): Uint8Array =>
  auditEntries.codec.encode({ ...entry, changes: changes as never });

describe('an audit entry', () => {
  it('reads back as it was written', () => {
    expect(auditEntries.codec.decode(auditEntries.codec.encode(entry))).toEqual(entry);
  });

  it.each([
    ['an action that nobody knows', [{ ...entry.changes[0], action: 'undo' }]],
    ['no list of changes', {}],
    ['a change without fields', [{ action: 'add', section: 'apps', id: 'x' }]],
    ['a value that is no text', [{ ...entry.changes[0], fields: [{ field: 'a', before: 7 }] }]],
  ])('is a fault with %s', (_, changes) => {
    expect(() => auditEntries.codec.decode(stored(changes))).toThrow(/^stored/);
  });
});
