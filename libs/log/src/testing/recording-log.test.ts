import { recordingLog } from './index.ts';

it('keeps the lines of a log and finds events by name', () => {
  const { log, lines, events } = recordingLog();
  log.event('service.stopped', {});
  log.event('caller.refused', { reason: 'time' });
  expect(lines).toHaveLength(2);
  expect(events().map(({ message }) => message)).toEqual(['service.stopped', 'caller.refused']);
  expect(events('caller.refused')).toMatchObject([{ severity: 'WARNING', reason: 'time' }]);
});
