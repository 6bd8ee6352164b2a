import { loadSettings } from '@keyserver/config';
import { type StartService, serve } from '@keyserver/service';
import { createApp } from './app.ts';
import { exportSettings } from './config.ts';
import { wire } from './wiring.ts';

/** Starts the export service: settings, platform, server. Closing it ends running jobs between two steps. */
export const startExport: StartService = async (env, ambient) => {
  const settings = loadSettings(exportSettings, env);
  const { deps, release } = await wire(settings, ambient);
  return await serve(() => createApp(deps), {
    ...{ settings, release, timers: ambient.timers },
    stop: deps.jobs.stop,
  });
};
