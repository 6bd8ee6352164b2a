/** What a server on Google Cloud has to do, each day. */
export interface Load {
  /** Uploads of 14 keys. */
  readonly uploads: number;
  /** Archives that phones download. */
  readonly downloads: number;
  /** How often phones ask for the index. */
  readonly polls: number;
  /** Bytes of an archive. */
  readonly archiveBytes: number;
}

/** One row of the bill: how much of what in 30 days, and what it costs in US dollars at list prices. */
export interface Item {
  readonly what: string;
  readonly amount: number;
  readonly unit: string;
  readonly dollars: number;
}

const DAYS = 30;
const GIB = 2 ** 30;
const BYTES_OF_INDEX = 2_000;
/** Documents for one upload with a key that is still valid: the table of docs/data-model.md, and what is deleted of it later. */
const PER_UPLOAD = { reads: 1, writes: 3, deletes: 3 };
/** Its two key batches are read by an export and by a partner, and its counts are folded: documents an upload. */
const READINGS = 5;
/** Documents a day of a server to which nobody uploads, with one export. */
const ALWAYS = { reads: 33_000, writes: 1_300 };
/** Seconds of a virtual processor for one upload, and calls of what runs all day: docs/performance.md. */
const SECONDS_PER_UPLOAD = 0.0015;
/** One instance of publish with its processor always, and the jobs of all others, seconds a day. */
const SECONDS_ALWAYS = 86_400 + 20_000;

/**
 * List prices in US dollars without free tiers, of the multi-region nam5 and of Europe and North America. They change, no discount is
 * in them, and nothing checks that they are still so. Compare them with https://cloud.google.com/firestore/pricing,
 * https://cloud.google.com/cdn/pricing, https://cloud.google.com/run/pricing, https://cloud.google.com/armor/pricing and
 * https://cloud.google.com/kms/pricing.
 */
export const PRICES = {
  read: 0.06 / 100_000,
  write: 0.18 / 100_000,
  delete: 0.02 / 100_000,
  processorSecond: 0.000_024,
  cdnGib: 0.08,
  cdnRequest: 0.0075 / 10_000,
  balancerHour: 0.025,
  balancerGib: 0.008,
  armorRequest: 0.75 / 1_000_000,
  armorMonth: 20,
  kmsMonth: 5,
  jobMonth: 0.1,
} as const;

/** Jobs that the table of the design has for one server. */
const JOBS = 8;

/** The bill of a month, by item. */
export function monthlyCost(load: Load): readonly Item[] {
  const uploads = load.uploads * DAYS;
  const requests = (load.downloads + load.polls) * DAYS;
  const gib = ((load.downloads * load.archiveBytes + load.polls * BYTES_OF_INDEX) * DAYS) / GIB;
  const item = (what: string, amount: number, unit: string, price: number): Item => ({
    ...{ what, amount, unit, dollars: amount * price },
  });
  return [
    item(
      'Firestore reads',
      uploads * (PER_UPLOAD.reads + READINGS) + ALWAYS.reads * DAYS,
      'documents',
      PRICES.read,
    ),
    item(
      'Firestore writes',
      uploads * PER_UPLOAD.writes + ALWAYS.writes * DAYS,
      'documents',
      PRICES.write,
    ),
    item('Firestore deletions', uploads * PER_UPLOAD.deletes, 'documents', PRICES.delete),
    item(
      'Cloud Run',
      uploads * SECONDS_PER_UPLOAD + SECONDS_ALWAYS * DAYS,
      'processor seconds',
      PRICES.processorSecond,
    ),
    item('Cloud CDN traffic', gib, 'GiB', PRICES.cdnGib),
    item('Cloud CDN requests', requests, 'requests', PRICES.cdnRequest),
    item('load balancer', DAYS * 24, 'hours', PRICES.balancerHour),
    item('load balancer traffic', gib, 'GiB', PRICES.balancerGib),
    item('Cloud Armor requests', uploads, 'requests', PRICES.armorRequest),
    item('Cloud Armor policies', 1, 'months', PRICES.armorMonth),
    item('Cloud KMS', 1, 'months', PRICES.kmsMonth),
    item('Cloud Scheduler', JOBS, 'jobs', PRICES.jobMonth),
  ];
}

/** Uploads that one instance answers in a second, with two processors: docs/performance.md. */
const PER_INSTANCE = 1000;
/** How much busier the busiest second is than the mean one, where nothing else is known. */
const PEAK = 10;

/** What Google's default quotas must allow in the busiest second. */
export function peaks(load: Load): readonly Item[] {
  const uploads = Math.ceil((load.uploads * PEAK) / 86_400);
  const requests = Math.ceil(((load.downloads + load.polls) * PEAK) / 86_400);
  return [
    { what: 'uploads', amount: uploads, unit: 'a second', dollars: 0 },
    { what: 'Firestore writes', amount: uploads * PER_UPLOAD.writes, unit: 'a second', dollars: 0 },
    {
      what: 'instances of publish',
      amount: Math.ceil(uploads / PER_INSTANCE),
      unit: 'of 2 processors',
      dollars: 0,
    },
    { what: 'requests at the CDN', amount: requests, unit: 'a second', dollars: 0 },
  ];
}
