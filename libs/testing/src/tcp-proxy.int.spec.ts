import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';
import { tcpProxy, type TcpProxy } from './tcp-proxy.js';

describe('the damaged wire', () => {
  let echo: Server;
  let proxy: TcpProxy;
  let heard: string[] = [];
  let received = '';
  let client: Socket;

  beforeEach(async () => {
    heard = [];
    received = '';
    echo = createServer((socket) => socket.on('error', () => undefined).on('data', (bytes) => {
      heard.push(bytes.toString());
      socket.write(`echo ${bytes.toString()};`);
    })).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await tcpProxy({ port: (echo.address() as AddressInfo).port });
    client = connect(proxy.port, '127.0.0.1').on('data', (bytes) => (received += bytes.toString())).on('error', () => undefined);
    await once(client, 'connect');
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  const say = async (text: string): Promise<void> => {
    client.write(text);
    await eventually(() => heard.includes(text));
  };

  it('passes bytes on', async () => {
    await say('one');
    await eventually(() => received === 'echo one;');
    expect(proxy.connections).toBe(1);
  });

  it('loses the one answer it is asked to, and no other', async () => {
    const lost = proxy.drop({ request: 'two', answer: 'echo', then: 'silence' });
    await say('one');
    await eventually(() => received === 'echo one;');
    await say('two');
    await lost;
    await say('three');
    await eventually(() => received === 'echo one;echo three;');
  });

  it('ends the connection instead of giving the answer, after the server got the request', async () => {
    const lost = proxy.drop({ request: 'two', then: 'cut' });
    await say('two');
    await lost;
    await eventually(() => client.destroyed);
    expect(received).toBe('');
  });

  it('holds bytes back while paused', async () => {
    proxy.pause();
    client.write('late');
    const other = connect(proxy.port, '127.0.0.1');
    await eventually(() => proxy.connections === 2);
    expect(heard).toEqual([]);
    proxy.resume();
    await eventually(() => received === 'echo late;');
    other.destroy();
  });

  it('ends every connection at once, and serves new ones', async () => {
    await say('one');
    proxy.kill();
    await eventually(() => client.destroyed);
    const again = connect(proxy.port, '127.0.0.1');
    again.write('two');
    await eventually(() => heard.includes('two'));
    again.destroy();
  });
});
