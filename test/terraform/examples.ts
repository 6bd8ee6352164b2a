/** The examples, and the module that they use, with what whoever applies them must say. */
export const EXAMPLES = {
  minimal: { project_id: 'health-keys', domain: 'example.org', alert_email: 'ops@example.org' },
  production: {
    project_id: 'health-keys',
    domain: 'example.org',
    alert_emails: ['ops@example.org'],
    paging_channels: ['projects/health-keys/notificationChannels/1'],
    billing_account: '012345-6789AB-CDEF01',
    verify_image: `europe-west1-docker.pkg.dev/health-keys/keyserver/keyserver@sha256:${'0'.repeat(64)}`,
  },
  root: {
    project_id: 'health-keys',
    publish_host: 'keys.example.org',
    buckets: { exports: { host: 'files.example.org' } },
    alert_emails: ['ops@example.org'],
  },
} as const;
