import { loadSettings } from '@keyserver/config';
import { type StartService, serve } from '@keyserver/service';
import { createApp } from './app.ts';
import { publishSettings } from './config.ts';
import { wire } from './wiring.ts';

/** Starts the publish service; a setting out of bounds, a missing directory or a busy port is thrown. */
export const startPublish: StartService = async (env, ambient) => {
  const settings = loadSettings(publishSettings, env);
  const { deps, release } = await wire(settings, ambient);
  return await serve(() => createApp(deps), {
    ...{ settings, release, timers: ambient.timers },
  });
};
