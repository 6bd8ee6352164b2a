import { integer, loadSettings, settings, text } from '@keyserver/config';
import { type StartService, createHttpApp, listen } from '@keyserver/service';
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
    const { clock, random, openLog, logHealth } = ambient;
    const app = createHttpApp({
      log: openLog('warning'),
      clock,
      random,
      health: logHealth,
      routes: (routes) => {
        routes.use(async (request, response, next) => {
          if (request.method !== 'GET' && request.method !== 'HEAD') {
            response.status(405).set('Allow', 'GET, HEAD').json({ error: 'method not allowed' });
          } else if (!(await serveObject(find, request, response))) next();
        });
      },
    });
    return await listen(app, { port: config.PORT, host: config.HOST });
  };
