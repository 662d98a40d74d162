import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';

export const PaperConfig = z.object({
  url: address().describe('Where the paper platform runs: the sandbox server, below /paper'),
  apiKey: secret().describe('Its API key'),
});
export type PaperConfig = z.output<typeof PaperConfig>;
