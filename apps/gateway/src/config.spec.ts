import { gatewayConfig } from './config.js';

const nats = { NATS_URL: 'nats://127.0.0.1:4222' };

describe('the configuration of the gateway', () => {
  it('listens on loopback, port 4400, unless told otherwise', () => {
    expect(gatewayConfig(nats)).toMatchObject({ HOST: '127.0.0.1', PORT: 4400, COUNTERSIGN_LOCAL_IMPLICIT: false, COUNTERSIGN_MAX_EVENT_STREAMS: 100 });
  });

  it('does not open to other machines without keys', () => {
    expect(() => gatewayConfig({ ...nats, HOST: '0.0.0.0' })).toThrow('HOST: 0.0.0.0 can be reached from other machines, so COUNTERSIGN_API_KEYS_FILE must name a file');
    expect(gatewayConfig({ ...nats, HOST: '0.0.0.0', COUNTERSIGN_API_KEYS_FILE: 'keys.json' })).toMatchObject({ HOST: '0.0.0.0' });
  });

  it('has no local person on a server that other machines reach', () => {
    expect(() => gatewayConfig({ ...nats, HOST: '10.0.0.1', COUNTERSIGN_API_KEYS_FILE: 'k', COUNTERSIGN_LOCAL_IMPLICIT: 'true' })).toThrow('COUNTERSIGN_LOCAL_IMPLICIT: needs HOST to be a loopback address');
  });

  it('says everything that is wrong at once', () => {
    expect(() => gatewayConfig({ PORT: '99999', LOG_LEVEL: 'loud' })).toThrow(/NATS_URL.*|PORT.*/);
    expect(() => gatewayConfig({ PORT: '99999', LOG_LEVEL: 'loud' })).toThrow(/LOG_LEVEL/);
  });
});
