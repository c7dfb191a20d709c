// Words for what somebody else changed while a form was open.
import { addMessages } from "../messages.js";

addMessages({
    "meanwhile.value": ["Changed to {value} meanwhile", "在此期间已改为 {value}"],
    "meanwhile.value.by": ["Changed to {value} meanwhile by {actor}", "在此期间已由 {actor} 改为 {value}"],
    "meanwhile.value.then": ["Yours is {mine}: saving it overwrites {value}.", "您的值是 {mine}：保存将覆盖 {value}。"],
    "meanwhile.role": ["The role was changed to “{value}” meanwhile", "在此期间角色已改为“{value}”"],
    "meanwhile.role.by": ["The role was changed to “{value}” meanwhile by {actor}", "在此期间角色已由 {actor} 改为“{value}”"],
    "meanwhile.role.then": ["What you choose here replaces that.", "您在此选择的角色将取而代之。"],
    "meanwhile.disable": ["The account was disabled meanwhile; reason: {value}", "在此期间账号已停用；原因：{value}"],
    "meanwhile.disable.by": [
        "The account was disabled meanwhile by {actor}; reason: {value}",
        "在此期间账号已由 {actor} 停用；原因：{value}",
    ],
    "meanwhile.disable.then": ["Going on puts your reason in place of that one.", "继续操作将以您的原因取代它。"],
    "meanwhile.enable": ["The account was enabled meanwhile", "在此期间账号已启用"],
    "meanwhile.enable.by": ["The account was enabled meanwhile by {actor}", "在此期间账号已由 {actor} 启用"],
    "meanwhile.enable.then": ["Nothing is left to do here.", "此处无需再操作。"],
    "meanwhile.password": ["The account was given another password meanwhile", "在此期间账号已设置新密码"],
    "meanwhile.password.by": [
        "The account was given another password meanwhile by {actor}",
        "在此期间账号已由 {actor} 设置新密码",
    ],
    "meanwhile.password.then": ["Yours replaces that one: who was told it has to be told yours.", "您设置的密码将取代它：已得知旧密码的人需要被告知新密码。"],
    "meanwhile.none": ["none", "无"],
    "meanwhile.take": ["Take theirs", "采用对方的值"],
    "meanwhile.save": ["Save mine", "保存我的值"],
});
