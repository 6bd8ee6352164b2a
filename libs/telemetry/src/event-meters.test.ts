import { type EventName, type Events, configuredId } from '@keyserver/log';
import { recordingLog } from '@keyserver/log/testing';
import { countEvent, countedLog } from './event-meters.ts';
import { recordingMeters } from './testing/recording-meters.ts';

const app = configuredId({ id: 'com.example' });
const [first, second] = [configuredId({ id: 'XA' }), configuredId({ id: 'XB' })];
const config = configuredId({ id: 'main' });
const batch = configuredId({ id: 'main-1-2' });

/** What an event adds to the figures, besides that it happened. */
function toldOf<N extends EventName>(name: N, fields: Events[N]): readonly string[] {
  const { meters, told } = recordingMeters();
  countEvent(name, fields, meters);
  expect(told[0]).toMatch(new RegExp(`^keyserver_events_total event=${name} severity=\\w+: 1$`));
  return told.slice(1).map((line) => line.replace('keyserver_', ''));
}

const upload: Events['publish.accepted'] = {
  ...{ app, regions: [first, second] },
  ...{ inserted: 12, revised: 0, dropped: 2, warned: 1 },
};

describe('an accepted upload', () => {
  it('counts its keys by what became of them, zeros too, and itself once for each region', () => {
    expect(toldOf('publish.accepted', upload)).toEqual([
      'exposures_total exposure=inserted: 12',
      'exposures_total exposure=revised: 0',
      'exposures_total exposure=dropped: 2',
      'publish_requests_total app=com.example region=XA: 1',
      'publish_requests_total app=com.example region=XB: 1',
    ]);
  });

  it('counts a certificate that did not hold and was not needed', () => {
    const told = toldOf('publish.accepted', { ...upload, certificate: 'no_active_key' });
    expect(told.slice(5)).toEqual([
      'verification_bypassed_total app=com.example: 1',
      'certificates_refused_total app=com.example certificate=no_active_key: 1',
    ]);
  });
});

it('counts cover traffic by itself, with nothing that tells one request from another', () => {
  expect(toldOf('publish.covered', { count: 340 })).toEqual(['cover_requests_total: 340']);
});

describe('a refused upload', () => {
  const code = 'health_authority_verification_certificate_invalid';

  it('counts the check that its certificate failed', () => {
    expect(toldOf('publish.refused', { code, app, certificate: 'not_yet_valid' })).toEqual([
      'certificates_refused_total app=com.example certificate=not_yet_valid: 1',
    ]);
  });

  it('counts nothing more when it had nothing to do with certificates', () => {
    expect(toldOf('publish.refused', { code: 'bad_request', status: 413 })).toEqual([]);
  });
});

it.each([
  [1, 0, 'done'],
  [0, 3, 'done'],
  [0, 0, 'idle'],
])(
  'counts a run of a job that did %d and left %d as %s, and how long it took',
  (done, left, as) => {
    expect(toldOf('job.finished', { job: 'do-work', done, left, ms: 1500 })).toEqual([
      `job_runs_total job_name=do-work outcome=${as}: 1`,
      'job_seconds job_name=do-work: 1.5',
    ]);
  },
);

it('counts runs of jobs that fail or come too early', () => {
  const run = { job: 'rotate-keys', done: 0, left: 0, problems: 1, ms: 20 } as const;
  expect(toldOf('job.failed', run)).toEqual([
    'job_runs_total job_name=rotate-keys outcome=failed: 1',
    'job_seconds job_name=rotate-keys: 0.02',
  ]);
  expect(toldOf('job.too_early', { job: 'create-batches' })).toEqual([
    'job_runs_total job_name=create-batches outcome=too_early: 1',
  ]);
});

it('counts batches that were created, finished and failed, by export', () => {
  const finished = { config, batch, keys: 40, padding: 960, files: 1, attempt: 1, ms: 2000 };
  expect([
    ...toldOf('export.batches_created', { config, created: 7, behind: false }),
    ...toldOf('export.batch_finished', finished),
    ...toldOf('export.batch_failed', { config, batch, reason: 'deadline' }),
    ...toldOf('export.no_signer', { config }),
  ]).toEqual([
    'batches_created_total config=main: 7',
    'batches_finished_total config=main: 1',
    'exported_keys_total config=main: 1000',
    'batch_seconds config=main: 2',
    'batches_failed_total config=main reason=deadline: 1',
    'batches_failed_total config=main reason=no_signer: 1',
  ]);
});

describe('federation', () => {
  const [partner, query] = [configuredId({ id: 'north' }), configuredId({ id: 'south' })];
  const run = { query, pages: 2, inserted: 700, revised: 3, known: 40, rejected: 5 };

  it('counts keys that come in, by what became of them, and how far a query is behind its partner', () => {
    const keys = [
      'federation_pulled_keys_total query=south pulled=inserted: 700',
      'federation_pulled_keys_total query=south pulled=revised: 3',
      'federation_pulled_keys_total query=south pulled=known: 40',
      'federation_pulled_keys_total query=south pulled=rejected: 5',
    ];
    expect(toldOf('federation.pulled', { ...run, lagSeconds: 1800 })).toEqual([
      ...keys,
      'federation_lag_seconds query=south: 1800',
    ]);
    expect(toldOf('federation.pulled', run)).toEqual(keys);
  });

  it('counts keys that are refused by what is wrong with which field', () => {
    const reject = { query, field: 'regions', reason: 'missing', count: 4 } as const;
    expect(toldOf('federation.rejected', reject)).toEqual([
      'federation_rejects_total query=south field=regions reject=missing: 4',
    ]);
  });

  it('counts keys that go out, and calls by how they were answered', () => {
    const page = { partner, keys: 500, revised: 20, leftOut: 0, partial: true, behind: 0, ms: 2 };
    expect([
      ...toldOf('federation.served', page),
      ...toldOf('federation.refused', { partner, reason: 'state' }),
    ]).toEqual([
      'federation_calls_total partner=north call=answered: 1',
      'federation_served_keys_total partner=north: 520',
      'federation_calls_total partner=north call=state: 1',
    ]);
  });
});

it('counts what befalls the keys of authorities, and what is wrong with what they serve', () => {
  const authority = configuredId({ id: 7 });
  expect([
    ...toldOf('trust.authority_keys_changed', {
      ...{ authority, added: 2, ended: 0, reinstated: 1, live: 3 },
    }),
    ...toldOf('trust.authority_keys_failed', { authority, problem: 'empty', failures: 4 }),
  ]).toEqual([
    'authority_keys_total authority=7 authority_key=added: 2',
    'authority_keys_total authority=7 authority_key=reinstated: 1',
    'authority_key_failures_total authority=7 key_set=empty: 1',
  ]);
});

it('counts what befalls data keys, and each problem that health begins to tell of', () => {
  expect([
    ...toldOf('trust.data_key_created', { number: 3 }),
    ...toldOf('trust.data_key_destroyed', { number: 1 }),
    ...toldOf('service.unhealthy', { problems: ['clock', 'disk_full'], causes: [] }),
  ]).toEqual([
    'data_keys_total data_key=created: 1',
    'data_keys_total data_key=destroyed: 1',
    'health_problems_total problem=clock: 1',
    'health_problems_total problem=disk_full: 1',
  ]);
});

it('counts every event of a log and of the logs of its requests, also those that get no line', () => {
  const { log, events } = recordingLog();
  const { meters, told } = recordingMeters();
  const counted = countedLog(log, meters);
  for (let n = 0; n < 50; n++) counted.event('publish.aborted', {});
  counted.child({ requestId: 'x' as never }).event('service.healthy', {});
  expect(told).toHaveLength(51);
  expect(told.at(-1)).toBe('keyserver_events_total event=service.healthy severity=info: 1');
  expect(events('publish.aborted').length).toBeLessThan(50);
  expect(events('service.healthy')).toMatchObject([{ requestId: 'x' }]);
});
