import { z } from 'zod';
import { hostIn, hostsIn } from './host.ts';
import { isNetwork } from './network.ts';
import { several } from './several.ts';

export const urlPreviews = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Fetch what links lead to and show it to people. This server then asks sites that users name, who see its address, and knows the links of encrypted rooms if a client asks for these.',
      ),
    allow: several(isHost, 'host names')
      .transform(hostsIn)
      .optional()
      .describe('The only sites, each with all below it, with commas between several. Else all.'),
    deny: several(isHost, 'host names')
      .transform(hostsIn)
      .optional()
      .describe('Sites not to ask, each with all below it, with commas between several.'),
    allowNetworks: several(isNetwork, 'networks such as 10.1.0.0/16')
      .optional()
      .describe('Private networks whose sites may be shown, with commas between several.'),
    ports: several((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, 'ports')
      .transform((all) => all.map(Number))
      .prefault('80, 443')
      .describe('The only ports that are asked, with commas between several.'),
    languages: z
      .string()
      .regex(/^[\w*;=., -]{1,200}$/, 'must be languages such as pt-BR, en;q=0.8')
      .default('en')
      .describe('Of pages that are there in several, as browsers say it (`Accept-Language`).'),
  })
  .prefault({})
  .describe('What links in messages lead to, in a few words and a picture.');

function isHost(text: string): boolean {
  return hostIn(text) !== undefined;
}
