import { loadSettings } from '@keyserver/config';
import { type StartService, serve } from '@keyserver/service';
import { createApp } from './app.ts';
import { cleanupSettings } from './config.ts';
import { wire } from './wiring.ts';

/** Starts the cleanup service: settings, platform, server. Closing it ends a running job between two steps. */
export const startCleanup: StartService = async (env, ambient) => {
  const settings = loadSettings(cleanupSettings, env);
  const { deps, release } = await wire(settings, ambient);
  return await serve(() => createApp(deps), {
    ...{ settings, release, timers: ambient.timers },
    stop: deps.runner.stop,
  });
};
