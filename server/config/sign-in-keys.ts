import { z } from 'zod';
import { several, severalPaths } from './several.ts';

const isAddress = (text: string): boolean => URL.canParse(text);

export const signIn = z
  .strictObject({
    providers: severalPaths
      .optional()
      .describe(
        'Files with OpenID providers, one in each, with commas between several (docs/sign-in.md); the same at every site.',
      ),
    clients: several(isAddress, 'addresses such as https://app.example.org/')
      .optional()
      .describe(
        'Addresses of apps that are let in without asking their user, with commas between several.',
      ),
  })
  .prefault({})
  .describe('Signing in by other servers that know people (OpenID Connect).');
