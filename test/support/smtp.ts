import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { EmailGround } from '../../server/feature-ground.ts';
import { LETTERS } from '../../server/mail/letters.ts';

/** A mail as it arrived. */
export interface Arrived {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly arrived: readonly Arrived[];
  /** Resolves when so many have arrived. */
  count(least: number): Promise<readonly Arrived[]>;
}

/** A real mail server, which takes everything unless told. */
export async function startMailServer(
  options: SMTPServerOptions & { readonly port?: number } = {},
): Promise<MailServer> {
  const { port = 0, ...told } = options;
  const arrived: Arrived[] = [];
  const news = new EventEmitter();
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], disableReverseLookup: true },
    logger: false,
    async onData(stream, { envelope }, done) {
      const raw = (await buffer(stream)).toString();
      const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      arrived.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw });
      done();
      news.emit('mail');
    },
    ...told,
  });
  server.on('error', () => {});
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    arrived,
    async count(least) {
      while (arrived.length < least) await once(news, 'mail');
      return arrived;
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** As an operator says by which server e-mails go. */
export const emailBy = (port: number, options: Partial<EmailGround> = {}): EmailGround => ({
  smtp: {
    ...{ host: '127.0.0.1', port, security: 'none', ca: undefined },
    ...{ user: undefined, password: undefined },
    from: { name: 'Example', address: 'no-reply@example.org' },
  },
  letters: LETTERS.en,
  perHourMax: 1_000,
  publicUrl: 'https://matrix.example.org',
  nextLinkHosts: [],
  isRequired: false,
  ...options,
});

/** The one link in a mail, taken apart. */
export function linkIn({ raw }: Arrived): URL {
  const text = raw.replaceAll(/=\r\n/g, '').replaceAll('=3D', '=');
  return new URL(/https:\/\/\S+/.exec(text)![0]);
}
