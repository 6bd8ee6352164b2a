import { machine } from '../../../test/support/machine.ts';
import { openCloudBuckets } from './index.ts';

afterEach(() => {
  delete process.env['STORAGE_EMULATOR_HOST'];
});

describe('the client of Cloud Storage', () => {
  it.each(['http://elsewhere.example', 'elsewhere.example:80', 'https://elsewhere.example/', ''])(
    'sends nothing to a host that only the environment names: %p',
    (host) => {
      process.env['STORAGE_EMULATOR_HOST'] = host;
      expect(() => openCloudBuckets({ ...machine, projectId: 'demo' })).toThrow(
        'STORAGE_EMULATOR_HOST',
      );
    },
  );

  it('prefers no such host to the endpoint that it is given', () => {
    process.env['STORAGE_EMULATOR_HOST'] = 'http://elsewhere.example';
    const settings = { projectId: 'demo', apiEndpoint: 'http://127.0.0.1:9' };
    expect(() => openCloudBuckets({ ...machine, ...settings })).toThrow('STORAGE_EMULATOR_HOST');
  });

  it('is opened when no host is named', () => {
    const { openBucket } = openCloudBuckets({ ...machine, projectId: 'demo' });
    const verbs = ['delete', 'find', 'list', 'put', 'read'];
    expect(Object.keys(openBucket('exports')).toSorted()).toEqual(verbs);
  });
});
