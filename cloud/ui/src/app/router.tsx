import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Problem } from "../api/problem";
import { plantQuery, sessionQuery } from "../api/queries";
import { plantClock } from "../live/plantClock";
import { FailedPage } from "../parts/FailedPage";
import { LoadingPage } from "../parts/LoadingPage";
import { MissingPage } from "../parts/MissingPage";
import { fetched } from "./fetched";
import { makeQueryClient } from "./queries";
import { alarmsSearch, andonSearch, auditSearch, downtimeSearch, gatewaysSearch, historySearch, loginSearch, oeeSearch, oeeSettingsSearch, ordersSearch, paretoSearch, reasonsSearch, reportSearch, scrapSearch } from "./search";

const root = createRootRoute({ notFoundComponent: MissingPage });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: loginSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/login/LoginPage")), "LoginPage"),
});

/** Goes on for somebody who is logged in; others come back here after the login. */
async function loggedIn({ location }: { location: { pathname: string; href: string } }): Promise<void> {
  try {
    await queries.ensureQueryData(sessionQuery);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      throw redirect({ to: "/login", search: location.pathname === "/" ? {} : { back: location.href } });
    }
    throw error;
  }
}

async function plantKnown(): Promise<void> {
  const plant = await queries.ensureQueryData(plantQuery);
  if (plantClock.now() === null) plantClock.set(plant.plant_now, plant.speed);
}

/** Everything that needs a session: it is asked for once, and the plant is known before a page draws. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: loggedIn,
  loader: plantKnown,
  component: lazyRouteComponent(fetched(() => import("../shell/Shell")), "Shell"),
});

/** Pages that fill a screen of their own, without the shell. */
const screen = createRoute({
  getParentRoute: () => root,
  id: "screen",
  beforeLoad: loggedIn,
  loader: plantKnown,
  component: lazyRouteComponent(fetched(() => import("../shell/BareScreen")), "BareScreen"),
});

const andon = createRoute({
  getParentRoute: () => screen,
  path: "/andon",
  validateSearch: andonSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/andon/AndonPage")), "AndonPage"),
});

const live = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(fetched(() => import("../pages/live/LivePage")), "LivePage"),
});

const oee = createRoute({
  getParentRoute: () => inside,
  path: "/oee",
  validateSearch: oeeSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/oee/OeePage")), "OeePage"),
});

const scrap = createRoute({
  getParentRoute: () => inside,
  path: "/oee/scrap",
  validateSearch: scrapSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/oee/scrap/ScrapPage")), "ScrapPage"),
});

const oeeSettings = createRoute({
  getParentRoute: () => inside,
  path: "/oee/settings",
  validateSearch: oeeSettingsSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/oee/settings/SettingsPage")), "SettingsPage"),
});

const downtime = createRoute({
  getParentRoute: () => inside,
  path: "/downtime",
  validateSearch: downtimeSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/downtime/DowntimePage")), "DowntimePage"),
});

const pareto = createRoute({
  getParentRoute: () => inside,
  path: "/downtime/pareto",
  validateSearch: paretoSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/downtime/pareto/ParetoPage")), "ParetoPage"),
});

const reasons = createRoute({
  getParentRoute: () => inside,
  path: "/downtime/reasons",
  validateSearch: reasonsSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/downtime/reasons/ReasonsPage")), "ReasonsPage"),
});

const report = createRoute({
  getParentRoute: () => inside,
  path: "/report",
  validateSearch: reportSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/report/ReportPage")), "ReportPage"),
});

const manual = createRoute({
  getParentRoute: () => inside,
  path: "/downtime/manual",
  component: lazyRouteComponent(fetched(() => import("../pages/downtime/manual/ManualPage")), "ManualPage"),
});

const orders = createRoute({
  getParentRoute: () => inside,
  path: "/orders",
  validateSearch: ordersSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/orders/OrdersPage")), "OrdersPage"),
});

const thread = createRoute({
  getParentRoute: () => inside,
  path: "/orders/$number",
  component: lazyRouteComponent(fetched(() => import("../pages/thread/ThreadPage")), "ThreadPage"),
});

const alarms = createRoute({
  getParentRoute: () => inside,
  path: "/alarms",
  validateSearch: alarmsSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/alarms/AlarmsPage")), "AlarmsPage"),
});

const gateways = createRoute({
  getParentRoute: () => inside,
  path: "/gateways",
  validateSearch: gatewaysSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/gateways/GatewaysPage")), "GatewaysPage"),
});

const history = createRoute({
  getParentRoute: () => inside,
  path: "/history",
  validateSearch: historySearch,
  component: lazyRouteComponent(fetched(() => import("../pages/history/HistoryPage")), "HistoryPage"),
});

const system = createRoute({
  getParentRoute: () => inside,
  path: "/system",
  component: lazyRouteComponent(fetched(() => import("../pages/system/SystemPage")), "SystemPage"),
});

/** Under System, whose place in the navigation it shares: a phone's bar has no room for a seventh. */
const signals = createRoute({
  getParentRoute: () => inside,
  path: "/system/signals",
  component: lazyRouteComponent(fetched(() => import("../pages/signals/SignalsPage")), "SignalsPage"),
});

const mappings = createRoute({
  getParentRoute: () => inside,
  path: "/system/mappings",
  component: lazyRouteComponent(fetched(() => import("../pages/mappings/MappingsPage")), "MappingsPage"),
});

/** Under System too; those who may not see the system come by the user menu. */
const tokens = createRoute({
  getParentRoute: () => inside,
  path: "/system/tokens",
  component: lazyRouteComponent(fetched(() => import("../pages/tokens/TokensPage")), "TokensPage"),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: "/system/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/audit/AuditPage")), "AuditPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, screen.addChildren([andon]), inside.addChildren([live, oee, scrap, oeeSettings, report, downtime, pareto, reasons, manual, orders, thread, alarms, gateways, history, system, signals, mappings, tokens, audit])]),
  defaultPreload: "intent",
  defaultErrorComponent: FailedPage,
  defaultPendingComponent: LoadingPage,
  defaultPendingMs: 250,
  scrollRestoration: true,
});

export const queries = makeQueryClient(() => {
  const { pathname, href } = router.state.location;
  if (pathname === "/login") return;
  queries.removeQueries({ queryKey: sessionQuery.queryKey });
  void router.navigate({ to: "/login", search: pathname === "/" ? {} : { back: href } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
