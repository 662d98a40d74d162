import { p } from '@mikro-orm/postgresql';

/** One text in another language: `key` names the field it stands for. */
export interface Translation {
  key: string;
  locale: string;
  value: string;
}

export const stamps = () => ({
  createTime: p.datetime().onCreate(() => new Date()),
  updateTime: p.datetime().nullable(),
});

export const translated = () => ({ resources: p.json<Translation[]>() });
