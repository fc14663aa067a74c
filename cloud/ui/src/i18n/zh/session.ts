/** Login and the user menu. */
export const session = {
  login: {
    title: "登录",
    lead: "生产现场的每一个信号，都通向一张客户订单。",
    username: "用户名",
    password: "密码",
    submit: "登录",
    points: ["八种设备状态，逐秒可查", "每一个 OEE 数字都能打开看明细", "设备报警直接指出受影响的订单和客户"],
  },
  user: {
    menu: "用户菜单",
    logout: "退出登录",
    roles: {
      admin: "管理员",
      manager: "经理",
      planner: "计划员",
      operator: "操作工",
      maintainer: "维修工",
    } as Record<string, string>,
  },
};
