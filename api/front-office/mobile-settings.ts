import { z } from 'zod';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import type { ApiDeps } from '../deps.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';

/** GET /my/settings/mobile: where a client finds the broker's apps, and how long a QR code signs in. */
export const mobileSettingsProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /my/settings/mobile', {
    summary: 'Settings of the mobile app',
    tags: ['My profile'],
    access: 'client',
    answer: z
      .object({
        qrCodeLifetime: z.int().meta({ description: 'Minutes.' }),
        applications: z.array(z.object({ type: z.enum(['iOS', 'Android']), url: z.string() })),
      })
      .meta({ id: 'MobileSettings' }),
    handle: async () => ({
      qrCodeLifetime: await brokerSetting(pool, 'mobile.qrCodeLifetime'),
      applications: await brokerSetting(pool, 'mobile.applications'),
    }),
  }),
];
