import { Pagination } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../i18n/LanguageProvider";
import { type Column, Rows } from "./Rows";
import css from "./Table.module.css";

interface PagedTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row, index: number) => string;
  pageSize?: number;
  /** On a phone each row becomes a block of named lines, or of named figures side by side, so that nothing, least of all its buttons, lies off the side. */
  isStacked?: boolean | "figures";
}

/** A table that shows long lists page by page, so that thousands of segments stay light. */
export function PagedTable<Row>({ label, columns, rows, rowKey, pageSize = 50, isStacked = false }: PagedTableProps<Row>) {
  const { t } = useLanguage();
  const [wanted, setWanted] = useState(1);
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  const page = Math.min(wanted, pages);
  const from = (page - 1) * pageSize;
  return (
    <>
      <div className={css.frame} tabIndex={0} role="group" aria-label={label}>
        <Rows
          label={label}
          className={`${css.table} ${css.tight} ${isStacked ? css.stacked : ""} ${isStacked === "figures" ? css.figures : ""}`}
          columns={columns}
          isStacked={isStacked !== false}
          rows={rows.slice(from, from + pageSize)}
          rowKey={(row, index) => rowKey(row, from + index)}
        />
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
