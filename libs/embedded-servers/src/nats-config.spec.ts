import { generatedMark, natsConfig } from './nats-config.js';

describe('the configuration of a development NATS server', () => {
  const options = { port: 42222, storeDir: '/data/with "quotes" and blanks', syncInterval: 'always' };

  it('listens on loopback only, and keeps JetStream in the data folder', () => {
    expect(natsConfig(options)).toBe(
      [
        generatedMark, 'server_name: countersign', 'listen: "127.0.0.1:42222"', 'max_payload: 8MB', 'jetstream {',
        '  store_dir: "/data/with \\"quotes\\" and blanks"', '  max_memory_store: 256MB', '  max_file_store: 20GB', '  sync_interval: "always"', '}', '',
      ].join('\n'),
    );
  });

  it('offers monitoring only when a port is given', () => {
    expect(natsConfig(options)).not.toContain('http');
    expect(natsConfig({ ...options, httpPort: 48222 })).toContain('http: "127.0.0.1:48222"\n');
  });
});
