import type { Stored } from '../log/stored.ts';
import { filledIn, type Letters } from './letters.ts';
import { type Fate, Outbox } from './outbox.ts';
import { type SmtpSettings, smtpTransport } from './smtp.ts';

export interface MailSettings {
  readonly smtp: SmtpSettings;
  readonly letters: Letters;
  /** Those that anybody can ask for, to all people together. */
  readonly perHourMax: number;
}

export interface MailGround {
  readonly serverName: string;
  /** The address of the page by which the session of this id is confirmed. */
  readonly linkOf: (sid: string) => string;
  readonly onError: (error: unknown) => void;
  readonly onFate?: ((fate: Fate) => void) | undefined;
}

/** Everything of this folder, put together. */
export function mailFeatures(stored: Stored, settings: MailSettings, ground: MailGround) {
  const { serverName, linkOf, onError, onFate } = ground;
  const outbox = new Outbox({
    ...{ stored, transport: smtpTransport(settings.smtp), onError },
    perHourMax: settings.perHourMax,
    ...(onFate && { onFate }),
    textOf: (kind, about: { sid?: string; userId?: string }) =>
      filledIn(settings.letters, kind, {
        server: serverName,
        ...(about.sid !== undefined && { link: linkOf(about.sid) }),
        ...(about.userId !== undefined && { user: about.userId }),
      }),
  });
  return {
    outbox,
    post: {
      row: (recipient: string, { kind, ...about }: { kind: string }) =>
        outbox.row(recipient, kind, about),
      wake: () => outbox.wake(),
      withheldRow: (recipient: string) => outbox.withheldRow(recipient),
      waitMs: (recipient: string, of?: { ofKept: boolean }) => outbox.waitMs(recipient, of),
    },
    close: () => outbox.close(),
  };
}
