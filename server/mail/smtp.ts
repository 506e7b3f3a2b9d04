import { createTransport } from 'nodemailer';
import { withinMs } from '../outward/within.ts';
import { RefusedForGood, RefusedForNow, type Transport } from './outbox.ts';

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** `starttls` sends nothing where it is not offered. */
  readonly security: 'starttls' | 'tls' | 'none';
  /** PEM, instead of the system's authorities. */
  readonly ca: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: { readonly name: string; readonly address: string };
}

const CONNECT_MS_MAX = 10_000;
const SILENCE_MS_MAX = 30_000;
/** Of one mail, however slowly the other server talks. */
const SEND_MS_MAX = 60_000;

/** By the operator's mail server. */
export function smtpTransport(settings: SmtpSettings): Transport {
  const { from, user, password, security, ca } = settings;
  const mailer = createTransport({
    ...{ host: settings.host, port: settings.port },
    ...{ secure: security === 'tls', requireTLS: security === 'starttls' },
    ...{ ignoreTLS: security === 'none', ...(ca !== undefined && { tls: { ca } }) },
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    ...{ connectionTimeout: CONNECT_MS_MAX, greetingTimeout: CONNECT_MS_MAX },
    ...{ dnsTimeout: CONNECT_MS_MAX, socketTimeout: SILENCE_MS_MAX },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  return {
    async send({ id, to, subject, text }) {
      const sending = mailer.sendMail({
        ...{ from, to: { name: '', address: to }, subject, text },
        // A repeat is known as one.
        messageId: `<${id}@${from.address.split('@').at(-1)}>`,
        // No answers by machines (RFC 3834).
        headers: { 'auto-submitted': 'auto-generated' },
      });
      try {
        await withinMs(SEND_MS_MAX, sending, late);
      } catch (error) {
        throw whoseFault(error as SmtpError, to);
      }
    },
    close: () => mailer.close(),
  };
}

interface SmtpError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
}

/** At the sender's address a server refuses all, at the recipient's and at the text this one. */
function whoseFault(error: SmtpError, to: string): Error {
  const { code, command, responseCode } = error;
  const isThisOne =
    (code === 'EENVELOPE' || code === 'EMESSAGE') &&
    command !== 'MAIL FROM' &&
    responseCode !== 421;
  if (!isThisOne)
    return new Error(
      `The mail server cannot be used (${error.message}): the operator should look at it and at the key "email". What is to be sent waits.`,
      { cause: error },
    );
  const why = `The mail server does not take a mail to ${to} (${error.message})`;
  const isForNow = responseCode !== undefined && responseCode < 500;
  return new (isForNow ? RefusedForNow : RefusedForGood)(why, { cause: error });
}

const late = (ms: number) => new Error(`It took more than ${ms / 1_000} s`);
