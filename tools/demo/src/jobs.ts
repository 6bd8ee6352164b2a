import { JOBS, JOB_ACCOUNT } from '@keyserver/launcher';
import { JOB_AUDIENCE } from './configuration.ts';
import type { Simulation } from './simulation.ts';

interface Identity {
  readonly audience: string;
  readonly email: string;
}

const SCHEDULER: Identity = { audience: JOB_AUDIENCE, email: JOB_ACCOUNT };

/** Runs every job once, as the scheduler does; a job that fails is a fault. */
export async function runJobs(simulation: Pick<Simulation, 'urls' | 'issuer'>): Promise<void> {
  for (const job of JOBS) {
    const status = await postJob(simulation, job, SCHEDULER);
    if (status !== 200) throw new Error(`the job ${job.route} answered ${status}`);
  }
}

/** Calls that must not start a job: nobody's, one meant for another service, and one of another account. */
export const REFUSED_CALLS: readonly {
  readonly identity: Identity | undefined;
  readonly status: number;
}[] = [
  { identity: undefined, status: 401 },
  { identity: { ...SCHEDULER, audience: 'https://elsewhere.example' }, status: 401 },
  { identity: { ...SCHEDULER, email: 'somebody@keyserver.localhost' }, status: 403 },
];

/** How many of the calls that must be refused are. */
export async function countRefusedCalls(simulation: Simulation): Promise<number> {
  let refused = 0;
  for (const { identity, status } of REFUSED_CALLS)
    for (const job of JOBS) if ((await postJob(simulation, job, identity)) === status) refused += 1;
  return refused;
}

async function postJob(
  { urls, issuer }: Pick<Simulation, 'urls' | 'issuer'>,
  { service, route }: Pick<(typeof JOBS)[number], 'service' | 'route'>,
  identity: Identity | undefined,
): Promise<number> {
  const headers: Record<string, string> =
    identity === undefined ? {} : { authorization: `Bearer ${await issuer.mint(identity)}` };
  const response = await fetch(new URL(route, urls[service]), { method: 'POST', headers });
  await response.arrayBuffer();
  return response.status;
}
