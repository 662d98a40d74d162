import { defineKycProvider } from '../../kit/manifest.ts';
import { documents, DocumentsConfig } from './adapter.ts';

export default defineKycProvider({
  id: 'documents',
  caption: 'Documents (checked by us)',
  capabilities: ['documents', 'company'],
  idempotency: 'native',
  limits: { perSecond: 100, timeoutMs: 1000 },
  config: DocumentsConfig,
  adapter: documents,
  wireless: { config: {}, kyc: { programme: 'documents' } },
});
