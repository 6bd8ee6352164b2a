import { type JobReport, jobAnswer } from '@keyserver/jobs';
import type { RequestHandler } from 'express';

/** Runs a job for the scheduler and answers with what became of it. */
export const jobRoute =
  (job: () => Promise<JobReport>): RequestHandler =>
  async (_request, response) => {
    const { status, body } = jobAnswer(await job());
    response.status(status).type('application/json').send(body);
  };
