import { z } from 'zod';
import { several } from './several.ts';

const HOST = /^[a-z0-9_.-]+(:\d{1,5})?$/i;

export const email = z
  .strictObject({
    host: z.string().min(1).describe('The mail server that sends what this server writes.'),
    port: z.int().min(1).max(65_535).default(587).describe('Its port: 587, or 465 for `tls`.'),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('How what goes there is hidden; `none` only for a server on this machine.'),
    ca: z
      .string()
      .optional()
      .describe('PEM file with the authorities by which it is known. Else those of the system.'),
    user: z.string().min(1).optional().describe('As whom this server logs in there.'),
    passwordFile: z.string().optional().describe('File with the password for that.'),
    from: z.email().describe('The address that e-mails come from.'),
    fromName: z.string().min(1).max(200).optional().describe('Its name. Else the server name.'),
    language: z.enum(['en', 'pt']).default('en').describe('In which e-mails are written.'),
    templates: z
      .string()
      .optional()
      .describe('Folder with words of your own, a file for each kind (server/mail/README.md).'),
    requiredToRegister: z
      .boolean()
      .default(false)
      .describe('Let nobody make an account without an address that is theirs.'),
    perHourMax: z
      .int()
      .min(1)
      .default(1_000)
      .describe(
        'How many go out in an hour, to all people together; whoever asks for more is told to wait.',
      ),
    nextLinkHosts: several((text) => HOST.test(text), 'hosts such as app.example.org')
      .optional()
      .describe(
        'Of the web apps to which a browser goes back when an address is confirmed, with commas between several.',
      ),
  })
  .optional();

export type EmailKeys = z.output<typeof email>;
