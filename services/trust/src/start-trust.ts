import { loadSettings } from '@keyserver/config';
import { type StartService, listen } from '@keyserver/service';
import { createApp } from './app.ts';
import { trustSettings } from './config.ts';
import { wire } from './wiring.ts';

/** Starts the trust service: settings, platform, server. Closing it ends a running job between two steps. */
export const startTrust: StartService = async (env, ambient) => {
  const config = loadSettings(trustSettings, env);
  const { deps, release } = await wire(config, ambient);
  try {
    const { PORT: port, HOST: host } = config;
    const server = await listen(createApp(deps), { port, host, timers: ambient.timers });
    return {
      url: server.url,
      close: async () => {
        await Promise.all([deps.runner.stop(), server.close()]);
        await release();
      },
    };
  } catch (fault) {
    await release();
    throw fault;
  }
};
