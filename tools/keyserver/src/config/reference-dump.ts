/** A row of a table of the reference server, by its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** What a dump of the reference's configuration holds, by table in lower case. */
export type ReferenceDump = Readonly<Record<TableName, readonly Row[]>>;

/** The tables that hold configuration: migrations/*.up.sql of github.com/google/exposure-notifications-server. */
const TABLES = [
  ...(['authorizedapp', 'healthauthority', 'healthauthoritykey', 'signatureinfo'] as const),
  ...(['exportconfig', 'federationoutauthorization', 'federationinquery'] as const),
] as const;

type TableName = (typeof TABLES)[number];

/** Reads JSON of tables, `{"authorizedapp": [{…}, …], …}`; a table that lacks or is null has no rows. Gives a sentence where it is not that. */
export function readReferenceDump(text: string): ReferenceDump | string {
  const dump = jsonOf(text);
  if (!isRow(dump)) return 'it must be a JSON object of tables';
  const unknown = Object.keys(dump).filter((name) => !TABLES.some((table) => table === name));
  if (unknown.length > 0) return `it has something else than ${TABLES.join(', ')}`;
  const tables: Partial<Record<TableName, readonly Row[]>> = {};
  for (const table of TABLES) {
    const rows: unknown = dump[table] ?? [];
    if (!Array.isArray(rows) || !rows.every(isRow)) return `${table} must be a list of rows`;
    tables[table] = rows;
  }
  return { ...EMPTY, ...tables };
}

const EMPTY: ReferenceDump = {
  ...{ authorizedapp: [], healthauthority: [], healthauthoritykey: [], signatureinfo: [] },
  ...{ exportconfig: [], federationoutauthorization: [], federationinquery: [] },
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused as what is no object
  }
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
