import { Fault } from '@keyserver/fault';
import { integer, loadSettings, settings, text } from '@keyserver/config';
import { configuredId, faultTrail } from '@keyserver/log';
import { type StartService, createHttpApp, listen } from '@keyserver/service';
import type { Response } from 'express';
import { type FindObject, serveObject } from './serve-object.ts';

/** Every variable that the file server reads. */
export const cdnSettings = settings({
  PORT: integer({
    about: 'The port that serves the signed files; 0 takes any free one.',
    min: 0,
    max: 65_535,
    default: 8082,
  }),
  HOST: text({ about: 'The network address to listen on.', default: '127.0.0.1' }),
  DATA_DIR: text({ about: 'The directory of the local platform.', default: '.data' }),
});

/** Starts what stands in for the CDN on one machine: the buckets below a data directory, with the headers they were given. */
export const startCdn =
  (openBuckets: (dataDirectory: string) => FindObject): StartService =>
  async (env, ambient) => {
    const config = loadSettings(cdnSettings, env);
    const find = openBuckets(config.DATA_DIR);
    const { clock, timers, random, openLog, logHealth } = ambient;
    const app = createHttpApp({
      log: openLog('warning'),
      clock,
      timers,
      random,
      health: logHealth,
      routes: (routes, logOf) => {
        routes.use(async (request, response, next) => {
          if (request.method !== 'GET' && request.method !== 'HEAD') {
            response.status(405).set('Allow', 'GET, HEAD').json({ error: 'method not allowed' });
            return;
          }
          try {
            if (!(await serveObject(find, request, response))) next();
          } catch (fault) {
            if (!isDamage(fault)) throw fault;
            const { object = '' } = fault.details;
            const causes = faultTrail(fault);
            logOf(request).event('files.object_damaged', {
              object: configuredId({ id: object }),
              causes,
            });
            refuse(response);
          }
        });
      },
    });
    return await listen(app, { port: config.PORT, host: config.HOST, timers });
  };

/** An object that is there and cannot be read, whoever noticed it. */
const isDamage = (fault: unknown): fault is Fault =>
  fault instanceof Fault && fault.code === 'damaged';

/** Asks to try again: the next job writes most of what may be damaged anew. What was begun is cut off. */
function refuse(response: Response): void {
  if (response.headersSent) response.destroy();
  else
    response
      .status(503)
      .set({ 'Retry-After': '60', 'Cache-Control': 'no-store' })
      .json({ error: 'this file is damaged' });
}
