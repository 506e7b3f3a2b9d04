import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { certificateAuthority } from './support/certificates.ts';
import { startPeer } from './support/federation-peer.ts';
import { killedProgram } from './support/killed-program.ts';

// What tests that kill the server stand on: none of it may wait for ever, or fail where nobody looks.

test('whoever asks a server that cannot begin is told so, and why', async () => {
  const ours = await killedProgram(['--no-such-option']);
  const started = ours.start();
  const asked = ours.ask('GET /account/whoami');
  const ended = expect(asked).rejects.toThrow(/it has ended[\s\S]*no-such-option/);
  await expect(started).rejects.toThrow('It ended before it was ready');
  await ended;
});

test('of a server that is killed amid a transaction a peer takes none, and goes on', async () => {
  const peer = await startPeer(await certificateAuthority());
  const [host, port] = peer.name.split(':') as [string, string];
  const send = async (said: string) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const head = `PUT /_matrix/federation/v1/send/1 HTTP/1.1\r\nhost: ${peer.name}\r\n`;
    socket.write(`${head}content-length: 22\r\n\r\n${said}`);
    return socket;
  };
  const broken = await send('{"pdus":[]');
  // It has the head.
  await expect.poll(() => peer.connections()).toBe(1);
  broken.destroy();
  const whole = await send('{"pdus":[],"edus":[]} ');
  await expect.poll(() => peer.taken.length).toBe(1);
  whole.destroy();
  expect(peer.asked).toHaveLength(1);
});
