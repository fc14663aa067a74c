import { Pagination } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useLanguage } from "../i18n/LanguageProvider";
import css from "./Table.module.css";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  isRight?: boolean;
}

interface PagedTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row, index: number) => string;
  pageSize?: number;
}

/** A table that shows long lists page by page, so that thousands of segments stay light. */
export function PagedTable<Row>({ label, columns, rows, rowKey, pageSize = 50 }: PagedTableProps<Row>) {
  const { t } = useLanguage();
  const [wanted, setWanted] = useState(1);
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  const page = Math.min(wanted, pages);
  const from = (page - 1) * pageSize;
  return (
    <>
      <div className={css.frame} tabIndex={0} role="group" aria-label={label}>
        <table className={`${css.table} ${css.tight} tabular`} aria-label={label}>
          <thead>
            <tr>
              {columns.map(({ name, isRight }) => (
                <th key={name} scope="col" className={isRight === true ? css.right : undefined}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(from, from + pageSize).map((row, index) => (
              <tr key={rowKey(row, from + index)}>
                {columns.map(({ name, cell, isRight }) => (
                  <td key={name} className={isRight === true ? css.right : undefined}>{cell(row)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div className={css.pager}>
          <span>{t.table.page(page, pages)}</span>
          <Pagination size="sm" total={pages} value={page} onChange={setWanted} aria-label={t.table.pages} />
        </div>
      )}
    </>
  );
}
