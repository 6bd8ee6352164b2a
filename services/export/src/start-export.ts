import { loadSettings } from '@keyserver/config';
import { type StartService, listen } from '@keyserver/service';
import { createApp } from './app.ts';
import { exportSettings } from './config.ts';
import { wire } from './wiring.ts';

/** Starts the export service: settings, platform, server. Closing it ends running jobs between two steps. */
export const startExport: StartService = async (env, ambient) => {
  const config = loadSettings(exportSettings, env);
  const { deps, release } = await wire(config, ambient);
  try {
    const { PORT: port, HOST: host } = config;
    const server = await listen(createApp(deps), { port, host, timers: ambient.timers });
    return {
      url: server.url,
      close: async () => {
        await Promise.all([deps.jobs.stop(), server.close()]);
        await release();
      },
    };
  } catch (fault) {
    await release();
    throw fault;
  }
};
