import { hostsOf, isHost } from './channel-hosts.js';

describe('hosts that secrets may be sent to', () => {
  it('are those of the list, however they are written, and no others', () => {
    const isAllowed = hostsOf(['smtp.example.com', '127.0.0.1', '::1', 'BOTS.example.com.']);
    expect(['smtp.example.com', 'SMTP.Example.com', 'smtp.example.com.', '127.0.0.1', '127.1', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'bots.example.com'].filter((host) => !isAllowed(host))).toEqual([]);
    expect(['example.com', 'evil-smtp.example.com', 'smtp.example.com.evil.example', '127.0.0.2', '', 'smtp.example.com@evil.example', 'smtp.example.com/x', 'evil.example#smtp.example.com'].filter(isAllowed)).toEqual([]);
    expect(hostsOf([])('127.0.0.1')).toBe(false);
  });

  it('are named without scheme, port and path', () => {
    expect(['smtp.example.com', '10.0.0.1', '::1', '[::1]'].filter((text) => !isHost(text))).toEqual([]);
    expect(['https://smtp.example.com', 'smtp.example.com:25', 'smtp.example.com/', 'a b', '*.example.com', '10.0.0.0/8', ''].filter(isHost)).toEqual([]);
  });
});
